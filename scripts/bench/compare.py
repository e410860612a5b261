"""Compare two result tables cell by cell: python compare.py A B KEY[,KEY...]

Parquet or JSON files.  Only columns that both have are compared, which must be all columns of B; rows are
joined by the key.  Numbers may differ by 1e-9 relatively (peers add money in doubles, ecomctl exactly)."""
import sys

import duckdb


def relation(path):
    return f"read_json('{path}', maximum_object_size=1000000000)" if path.endswith((".json", ".ndjson")) else f"read_parquet('{path}')"


def differences(con, a, b, keys):
    """A list of messages, empty when the tables agree."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE a AS SELECT * FROM {relation(a)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE b AS SELECT * FROM {relation(b)}")
    cols = {t: {r[0]: r[1] for r in con.execute(f"DESCRIBE {t}").fetchall()} for t in "ab"}
    missing = [c for c in cols["b"] if c not in cols["a"]]
    if missing:
        return [f"columns {missing} are missing in {a}"]
    out = []
    n = [con.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in "ab"]
    if n[0] != n[1]:
        out.append(f"{n[0]} rows against {n[1]}")
    on = " AND ".join(f"a.{k}::VARCHAR IS NOT DISTINCT FROM b.{k}::VARCHAR" for k in keys)
    # a date may come as a timestamp at midnight from one side
    if any("TIMESTAMP" in cols[t][k] or cols[t][k] == "DATE" for t in "ab" for k in keys if k in ("date", "cohort")):
        on = " AND ".join(f"a.{k}::DATE = b.{k}::DATE" if k in ("date", "cohort") else
                          f"a.{k}::VARCHAR IS NOT DISTINCT FROM b.{k}::VARCHAR" for k in keys)
    lost = con.execute(f"SELECT count(*) FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE {on})").fetchone()[0]
    if lost:
        out.append(f"{lost} keys are missing")
    for c, t in cols["b"].items():
        if c in keys:
            continue
        if t in ("VARCHAR", "BOOLEAN"):
            test = f"a.{c}::VARCHAR IS DISTINCT FROM b.{c}::VARCHAR"
        else:
            test = (f"(a.{c} IS NULL) <> (b.{c} IS NULL) OR abs(a.{c}::DOUBLE - b.{c}::DOUBLE) > "
                    f"1e-9 * greatest(1, abs(b.{c}::DOUBLE))")
        bad = con.execute(f"SELECT count(*), any_value(a.{c}::VARCHAR || ' / ' || b.{c}::VARCHAR) FROM a, b WHERE {on} AND ({test})").fetchone()
        if bad[0]:
            out.append(f"{bad[0]} cells of {c} differ, as {bad[1]}")
    return out


def same_rows(con, a, b):
    """Whether two Parquet files hold the same rows, in any order (every column as text, timestamps to the microsecond)."""
    def text(path):
        cols = con.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
        return "SELECT " + ", ".join(
            f"{c[0]}::TIMESTAMP::VARCHAR AS {c[0]}" if "TIMESTAMP" in c[1] else
            f"{c[0]}::DOUBLE::VARCHAR AS {c[0]}" if c[1] in ("FLOAT", "DOUBLE") else
            f"{c[0]}::VARCHAR AS {c[0]}" for c in cols) + f" FROM read_parquet('{path}')"
    names = [[c[0] for c in con.execute(f"DESCRIBE SELECT * FROM read_parquet('{p}')").fetchall()] for p in (a, b)]
    if names[0] != names[1]:
        return [f"columns {names[0]} against {names[1]}"]
    sums = [con.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM ({text(p)}) t").fetchone() for p in (a, b)]
    return [] if sums[0] == sums[1] else [f"rows differ: {sums[0]} against {sums[1]}"]


if __name__ == "__main__":
    found = differences(duckdb.connect(), sys.argv[1], sys.argv[2], sys.argv[3].split(","))
    print("\n".join(found) or "equal")
    sys.exit(bool(found))
