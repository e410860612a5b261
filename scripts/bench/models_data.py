#!/usr/bin/env python3
"""Make an input of the model jobs: models_data.py NAME FOLDER, where NAME is a file that models.py names.

Public data come from the folder of reference data (ECOMCTL_SHARED, default ../shared beside the project); the rest is drawn
with a fixed seed.  Peers import `answer` and the readers from here.
"""
import gzip
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("ECOMCTL_SHARED", os.path.join(os.path.dirname(os.path.dirname(HERE)), "..", "shared"))

# the lines that count as sold in the generated orders, by ecomctl's definition
SOLD = ("order_id IS NOT NULL AND product_id IS NOT NULL AND unit_price >= 0 AND quantity > 0 AND status = 'paid' "
        "AND order_ts < TIMESTAMP '2026-11-23'")


def answer(check, wall=None, cpu=None):
    """The last line of a peer's output."""
    print(json.dumps({"check": check} if wall is None else {"check": check, "wall": wall, "cpu": cpu}), flush=True)


def fimi(name, path):
    """A data set of the FIMI repository, unpacked."""
    with gzip.open(os.path.join(SHARED, "data", "fimi", name + ".gz"), "rb") as f, open(path, "wb") as out:
        out.write(f.read())


def baskets(name, path):
    """The baskets of the generated orders, one a line."""
    import duckdb
    duckdb.sql(f"""COPY (SELECT string_agg(p::VARCHAR, ' ' ORDER BY p) FROM (SELECT DISTINCT order_id, product_id AS p FROM
        '{os.path.join(os.path.dirname(path), "orders_" + name.split("_")[1].split(".")[0] + ".parquet")}' WHERE {SOLD})
        GROUP BY order_id ORDER BY order_id) TO '{path}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t')""")


def customers(name, path):
    """500,000 customers who buy and leave as BG/NBD has it, with Gamma–Gamma money: rows of x, t_x, T in weeks and mean money."""
    import numpy as np
    n, r = 500_000, np.random.default_rng(1)
    T, rate, leave = r.uniform(5, 104, n), r.gamma(0.6, 1 / 8.0, n), r.beta(0.9, 4.0, n)
    x, tx, now, alive = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, bool)
    while alive.any():
        i = np.flatnonzero(alive)
        now[i] += r.exponential(1 / np.maximum(rate[i], 1e-9))
        alive[i] = now[i] <= T[i]
        j = i[alive[i]]
        x[j] += 1
        tx[j] = now[j]
        alive[j] = r.random(len(j)) > leave[j]
    money = r.gamma(6, r.gamma(4, 20, n) / 6, n) + 1
    if "days" in name:  # whole days; a repeat order comes on a later day than the first
        T = np.floor(T * 7) / 7
        tx = np.where(x > 0, np.clip(np.floor(tx * 7) / 7, 1 / 7, T), 0)
    np.column_stack([x, tx, T, np.where(x > 0, money, np.nan)]).astype("<f8").tofile(path)


def clicks(name, path):
    """The click-stream of our own generator, with bots and dirt; models.py says where the binary is."""
    subprocess.run([os.environ["ECOMCTL"], "generate", "events", "--rows", "10000000", "--bots", "2%", "--dirty", "0.5%", "--format", "parquet", "-o", path], check=True)


def labels(name, path):
    """1.1 M rows of 20 numbers and a label: crossed, bent and counting columns, gaps, noise."""
    import numpy as np
    n, r = 1_100_000, np.random.default_rng(7)
    X = r.normal(size=(n, 20))
    X[:, 5], X[:, 6] = np.floor(r.exponential(3, n)), r.integers(0, 12, n)
    X[r.random(n) < .1, 7] = np.nan
    z = X[:, 0] * X[:, 1] + .8 * X[:, 2] + np.where(X[:, 6] % 3 == 0, .7, -.3) + np.sin(2 * X[:, 3]) + .2 * np.nan_to_num(X[:, 7], nan=2) - 1
    np.column_stack([X, r.random(n) < 1 / (1 + np.exp(-z))]).astype("<f8").tofile(path)


def purchases(name, path):
    """10 M purchases (9.9 M different) of 500,000 users and 20,000 items: busy users, popular items, 50 tastes. Of every user with two items or more one is
    held out. The layout is that of readPurchases in kernel/recommend.go."""
    import numpy as np
    n, users, items, r = 10_000_000, 500_000, 20_000, np.random.default_rng(1)
    u = (users * r.random(n) ** 1.5).astype(np.int64)
    i = ((items * r.random(n) ** 2.5).astype(np.int64) * 7717 + u % 50 * 37) % items
    cell, count = np.unique(u * items + i, return_counts=True)
    u, i = cell // items, cell % items
    own = np.bincount(u, minlength=users)
    first = np.concatenate([[0], np.cumsum(own)])
    some = np.flatnonzero(own >= 2)
    out = first[some] + (r.random(len(some)) * own[some]).astype(np.int64)
    held = np.full(users, 0xFFFFFFFF, np.uint32)
    held[some] = i[out]
    u, i, count = np.delete(u, out), np.delete(i, out), np.delete(count, out)
    off = np.concatenate([[0], np.cumsum(np.bincount(u, minlength=users))])
    with open(path, "wb") as f:
        for part, kind in (([users, items, len(i)], "<i8"), (off, "<i8"), (i, "<u4"), (count, "<f4"), (held, "<u4")):
            np.asarray(part).astype(kind).tofile(f)


def points(name, path):
    """1 M points of 8 standardised numbers around 8 centres: far apart, overlapping, or no centres at all."""
    import numpy as np
    n, d, k, r = 1_000_000, 8, 8, np.random.default_rng(1)
    spread = {"apart": 3, "overlap": 1, "none": 0}[name.split("_")[1].split(".")[0]]
    x = r.normal(0, 1, (k, d))[r.integers(0, k, n)] * spread + r.normal(0, 1.5, (n, d))
    x = (x - x.mean(0)) / x.std(0)
    if name.endswith(".f64"):
        return x.astype("<f8").tofile(path)
    import pyarrow as pa
    import pyarrow.parquet as pq
    pq.write_table(pa.table({"id": np.arange(n), **{f"x{j}": x[:, j] for j in range(d)}}), path)


def odd(name, path):
    """1 M rows of 8 normal numbers and a label; 1 % are odd: twice as much noise again on top."""
    import numpy as np
    n, d, r = 1_000_000, 8, np.random.default_rng(1)
    x, label = r.normal(size=(n, d)), np.zeros(n)
    k = r.choice(n, n // 100, replace=False)
    x[k] += 2 * r.normal(size=(len(k), d))
    label[k] = 1
    np.column_stack([x, label]).astype("<f8").tofile(path)


def days(name, path):
    """The daily series with the days to come, as rows of 730 doubles."""
    import numpy as np
    series(int(name.split("_")[1].split(".")[0]), 730).astype("<f8").tofile(path)


def series(n, t):
    """Daily series of two years with a week, a year, a trend and noise."""
    import numpy as np
    r, d = np.random.default_rng(1), np.arange(t)
    week = 1 + 0.3 * np.sin(2 * np.pi * d / 7)[None] * r.uniform(0.2, 1, (n, 1))
    year = 1 + 0.2 * np.sin(2 * np.pi * d / 365.25 + r.uniform(0, 6, (n, 1)))
    trend = 1 + r.uniform(-0.3, 0.8, (n, 1)) * d / t
    return np.maximum(0, r.lognormal(4, 0.8, (n, 1)) * week * year * trend * r.normal(1, 0.12, (n, t)))


def daily(name, path):
    """Series of days: 702 to learn from as a series file, and the 28 that follow beside it (NAME.later)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    n, t, h = int(name.split("_")[1].split(".")[0]), 730, 28
    y = series(n, t)
    stamps = np.datetime64("2024-01-01") + np.arange(t - h)
    pq.write_table(pa.table({"unique_id": np.repeat(np.arange(n), t - h), "ds": pa.array(np.tile(stamps, n), pa.date32()), "y": y[:, :-h].ravel()}), path)
    y[:, -h:].astype("<f8").tofile(os.path.join(os.path.dirname(path), name + ".later"))


MAKERS = {**dict.fromkeys(("points_apart.f64", "points_overlap.f64", "points_none.f64", "points_apart.parquet"), points),
          "odd_rows.f64": odd, "purchases_10m.csr": purchases, "days_1000.f64": days, "daily_1000.parquet": daily, "daily_100.parquet": daily, "daily_25.parquet": daily, "labels_1m.f64": labels, "events_10m.parquet": clicks, "T10I4D100K.dat": fimi, "chess.dat": fimi, "baskets_10m.dat": baskets, "customers_days.f64": customers, "customers_continuous.f64": customers}

if __name__ == "__main__":
    name, folder = sys.argv[1], sys.argv[2]
    if name not in MAKERS:
        sys.exit(f"{name}: not one of {', '.join(MAKERS)}; orders come from data.py")
    part = os.path.join(folder, name + ".part")
    MAKERS[name](name, part)
    os.replace(part, os.path.join(folder, name))
