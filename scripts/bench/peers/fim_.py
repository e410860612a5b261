"""Itemsets and rules with PyFIM (Borgelt's C).

    fim_.py eclat|fpgrowth FILE sets COUNT              FILE: a basket a line; the mining alone is timed
    fim_.py eclat|fpgrowth FILE rules SUPPORT CONF      FILE: order lines in Parquet
"""
import os
import sys
import time

import fim

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import SOLD, answer  # noqa: E402

miner, path, what = getattr(fim, sys.argv[1]), sys.argv[2], sys.argv[3]
if what == "sets":
    with open(path) as f:
        baskets = [[int(w) for w in line.split()] for line in f]
    wall, cpu = time.perf_counter(), time.process_time()
    found = miner(baskets, target="s", supp=-int(sys.argv[4]), zmin=1, report="a")
    answer(str(len(found)), time.perf_counter() - wall, time.process_time() - cpu)
else:
    import duckdb
    baskets = [r[0] for r in duckdb.sql(f"SELECT list(DISTINCT product_id) FROM '{path}' WHERE {SOLD} GROUP BY order_id").fetchall()]
    # mode "o": the support of a rule is that of both sides, as ours
    found = miner(baskets, target="r", supp=float(sys.argv[4]) * 100, conf=float(sys.argv[5]) * 100, zmin=2, report="aCl", mode="o")
    answer(str(len(found)))
