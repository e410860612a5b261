#!/usr/bin/env python3
"""Run the SQL oracles: run.py CASES.json SQLDIR OUTDIR

CASES.json is a list of objects that test/oracle/oracle_test.go writes:

    name     file name of the answer
    data     name of the data set's SELECT in SQLDIR/data
    table    "events" when its rows are events: events.sql then takes the place of lines.sql
    files    {placeholder: path} of the data set ({{file}}, {{products}})
    query    name of the query in SQLDIR
    param    as_of, from, to, now (texts), net, reject_free, dedupe (booleans), tz
    where    the --where condition in SQL, default true
    fill     further placeholders of the query ({{period}}, {{dimension}}, ...)

Each answer goes to OUTDIR/NAME.json as {"columns": [[name, type], ...], "rows": [[text or null, ...], ...]}.
Cases with the same data, files, parameters and condition share one pass over the rules.
"""
import json
import os
import sys

import duckdb


def literal(v):
    return "NULL" if v is None else "'" + str(v).replace("'", "''") + "'"


def fill(text, values):
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    if "{{" in text:
        sys.exit("placeholder left: " + text[text.index("{{"):][:40])
    return text


def read(sqldir, name):
    with open(os.path.join(sqldir, name + ".sql"), encoding="utf-8") as f:
        return f.read()


def prepare(con, sqldir, case):
    """Make `param` and run the rules of lines.sql for the case's data set."""
    p = case.get("param") or {}
    files = {k: literal(v) for k, v in case["files"].items()}
    data = fill(read(sqldir, "data/" + case["data"]), {**files, "tz": literal(p.get("tz", "UTC"))})
    con.execute(f"""CREATE OR REPLACE TEMP TABLE param AS SELECT
        {literal(p.get("as_of"))}::TIMESTAMP AS as_of, {literal(p.get("from"))}::TIMESTAMP AS from_ts,
        {literal(p.get("to"))}::TIMESTAMP AS to_ts, {literal(p["now"])}::TIMESTAMP AS now_ts,
        {bool(p.get("net"))} AS net, {bool(p.get("reject_free"))} AS reject_free, {bool(p.get("dedupe"))} AS dedupe""")
    con.execute(fill(read(sqldir, "events" if case.get("table") == "events" else "lines"), {"data": data, "where": case.get("where") or "true"}))


def profile(con, sqldir, case):
    """profile.sql once a column of the file, put together."""
    source = literal(case["files"]["file"])
    parts = []
    for name, sqltype in con.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})").fetchall():
        number = any(sqltype.startswith(t) for t in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"))
        whole = "CASE WHEN {0}(d) = round({0}(d)) THEN {0}(d)::BIGINT::VARCHAR ELSE {0}(d)::VARCHAR END"
        instant = "strftime({0}(x)::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%f').regexp_replace('\\.?0*$', '')"
        show = whole if number else instant if sqltype.startswith("TIMESTAMP") else "{0}(x)::VARCHAR"
        parts.append(fill(read(sqldir, "profile"), {
            "column": name, "file": source, "number": f'"{name}"::DOUBLE' if number else "NULL::DOUBLE",
            "min": show.format("min"), "max": show.format("max")}))
    return " UNION ALL ".join(f"({p})" for p in parts)


def answer(con, sqldir, case):
    values = dict(case.get("fill") or {})
    if case["query"] == "profile":
        return table(con.execute(profile(con, sqldir, case)))
    if case["query"] == "segments":
        values["rfm"] = read(sqldir, "rfm")
    if case["query"] in ("transitions", "paths"):
        values = {"sessions": fill(read(sqldir, "sessions"), {"gap": values.pop("gap"), "stated": values.pop("stated")}), **values}
    return table(con.execute(fill(read(sqldir, case["query"]), values)))


def table(cur):
    columns = [[d[0], str(d[1]).lower()] for d in cur.description]
    kinds = [kind(t) for _, t in columns]
    rows = [[None if v is None else text(v, k) for v, k in zip(row, kinds)] for row in cur.fetchall()]
    return {"columns": [[n, k] for (n, _), k in zip(columns, kinds)], "rows": rows}


def kind(sqltype):
    for prefix, k in (("decimal", "money"), ("double", "float"), ("float", "float"), ("bool", "bool"), ("date", "date"),
                      ("timestamp", "time"), ("varchar", "text"), ("string", "text"), ("list", "list")):
        if sqltype.startswith(prefix) and not sqltype.startswith("datetime"):
            return k
    return "time" if sqltype.startswith("datetime") else "int"


def text(v, k):
    if k == "float":
        return repr(float(v))
    if k == "bool":
        return "true" if v else "false"
    if k == "date":
        return v.strftime("%Y-%m-%d")
    if k == "time":
        return v.isoformat()
    return str(v)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        cases = json.load(f)
    sqldir, outdir = sys.argv[2], sys.argv[3]
    con = duckdb.connect()
    con.execute("SET memory_limit='4GB'; SET TimeZone='UTC'; SET preserve_insertion_order=true")
    made = None
    shared = lambda c: json.dumps([c["data"], c["files"], c.get("param"), c.get("where")], sort_keys=True)
    for case in sorted(cases, key=shared):
        key = shared(case)
        if key != made:
            prepare(con, sqldir, case)
            made = key
        part = os.path.join(outdir, case["name"] + ".part")
        with open(part, "w", encoding="utf-8") as f:
            json.dump(answer(con, sqldir, case), f)
        os.replace(part, os.path.join(outdir, case["name"] + ".json"))


if __name__ == "__main__":
    main()
