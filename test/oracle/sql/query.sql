-- a free query: {{dimensions}} (may be empty, else ends with a comma) and {{measures}} in SQL, as the case gives them.
SELECT {{dimensions}} {{measures}} FROM reported GROUP BY ALL
