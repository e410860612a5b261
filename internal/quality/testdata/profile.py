"""Answers of DuckDB for the tests of profile and validate: python profile.py CSV TYPES.json QUERY.sql prints JSON rows."""
import json
import sys

import duckdb

path, types, sql = sys.argv[1:4]
con = duckdb.connect()
con.execute("CREATE TABLE t AS SELECT * FROM read_csv(?, header=true, columns=%s, nullstr='', quote='\"')" % json.load(open(types)), [path])
cur = con.execute(open(sql).read())
names = [d[0] for d in cur.description]
print(json.dumps([dict(zip(names, row)) for row in cur.fetchall()], default=str))
