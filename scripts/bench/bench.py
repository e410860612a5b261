#!/usr/bin/env python3
"""Time ecomctl and its peers in turn on the same files, compare their answers, write docs/benchmarks.md.

    bench.py SIZE [JOB ...]        SIZE is 1m, 10m or 50m; use it through run.sh or `make bench`

Each round runs ours and every peer once, as whole processes, in an order that rotates; only ratios within a
run count, as machines are noisy.  Wall time is taken here, CPU time and peak memory from wait4.  Answers of
the first round are compared cell by cell; a job whose answers differ is marked and the exit code is 1.
"""
import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(HERE, "results.json")
NOW = "2026-11-22T00:00:00Z"
SCRIPT = {"DuckDB": "duck.py", "Polars": "polars_.py", "DataFusion": "datafusion_.py", "pandas": "pandas_.py", "pyarrow": "arrow_.py"}
QUERIES = ["DuckDB", "Polars", "DataFusion", "pandas"]

# job: title, input, peers, our command line, keys of the answer, goals (wall, memory; the best peer = 1)
JOBS = {
    "daily": ("daily sales", "orders_{s}.parquet", QUERIES, "sales {i} --by day -o {o}", "date", .75, .6),
    "daily_dedup": ("daily sales, exact duplicates removed", "orders_{s}.parquet", QUERIES,
                    "sales {i} --by day --dedupe --map region=province -o {o}", "date", None, .6),
    "rfm": ("RFM of every customer", "orders_{s}.parquet", QUERIES, "rfm {i} -o {o}", "customer_id", .65, .6),
    "report": ("report", "orders_{s}.parquet", ["DuckDB", "Polars"], "report {i} --map region=province --models off --html -o {o}", None, .40, .6),
    "csv": ("CSV to Parquet", "orders_{s}.csv", ["DuckDB", "Polars", "pyarrow"], "convert {i} -o {o}", None, .70, .6),
    "daily_shuffled": ("daily sales, rows shuffled", "orders_{s}_shuffled.parquet", QUERIES, "sales {i} --by day -o {o}", "date", .8, .6),
    "rfm_shuffled": ("RFM, rows shuffled", "orders_{s}_shuffled.parquet", QUERIES, "rfm {i} -o {o}", "customer_id", .8, .6),
    "report_shuffled": ("report, rows shuffled", "orders_{s}_shuffled.parquet", ["DuckDB", "Polars"],
                        "report {i} --map region=province --models off --html -o {o}", None, .8, .6),
    "daily_uuid": ("daily sales, 36-character ids", "orders_{s}_uuid.parquet", QUERIES, "sales {i} --by day -o {o}", "date", .8, .6),
    "rfm_uuid": ("RFM, 36-character ids", "orders_{s}_uuid.parquet", QUERIES, "rfm {i} -o {o}", "customer_id", .8, .6),
    "report_uuid": ("report, 36-character ids", "orders_{s}_uuid.parquet", ["DuckDB", "Polars"],
                    "report {i} --map region=province --models off --html -o {o}", None, .8, .6),
}
BIG = ["daily", "rfm", "report"]  # what is run on 50 M rows
LIMIT = 900  # seconds, then a run is killed
# our command that answers each part of the peers' report, and its keys
REPORT_PARTS = [
    ("daily", "sales {i} --by day", "date"), ("monthly", "sales {i} --by month", "date"),
    ("category", "sales {i} --by category", "category"), ("region", "sales {i} --by region --map region=province", "region"),
    ("products", "query {i} --by product_id --measure revenue,units --sort revenue:desc --limit 100", "product_id"),
    ("rfm", "rfm {i}", "customer_id"), ("cohort", "cohort {i} --period month", "cohort,period"),
]


def base(job):
    return job.removesuffix("_shuffled").removesuffix("_uuid")


def run(cmd, log):
    """Run to the end; (wall s, CPU s, peak MB, exit code)."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")} | {"ECOMCTL_NOW": NOW}
    with open(log, "w") as f:
        start = time.perf_counter()
        p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=f, stderr=f, env=env)
        killer = threading.Timer(LIMIT, p.kill)
        killer.start()
        _, status, ru = os.wait4(p.pid, 0)
        wall = time.perf_counter() - start
        killer.cancel()
        p.returncode = os.waitstatus_to_exitcode(status)
    return wall, ru.ru_utime + ru.ru_stime, ru.ru_maxrss / 1024, p.returncode


def remove(path):
    shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else (os.path.exists(path) and os.remove(path))


class Job:
    def __init__(self, name, size, args):
        self.name, self.size, self.args = name, size, args
        self.title, infile, self.peers, self.ours, self.keys, self.goal, self.memgoal = JOBS[name]
        self.input = os.path.join(args.data, infile.format(s=size))
        self.peers = [p for p in self.peers if not (size == "50m" and p == "pandas")]
        self.out = os.path.join(args.work, f"{name}_{size}")
        os.makedirs(self.out, exist_ok=True)

    def target(self, who):
        ext = "" if base(self.name) == "report" else ".parquet"
        if who == "ecomctl" and base(self.name) == "report":
            ext = ".html"
        return os.path.join(self.out, who + ext)

    def command(self, who):
        if who == "ecomctl":
            return [self.args.ecomctl] + self.ours.format(i=self.input, o=self.target(who)).split()
        return [sys.executable, os.path.join(HERE, "peers", SCRIPT[who]), base(self.name), self.input, self.target(who)]

    def measure(self):
        who = (["ecomctl"] if self.args.ecomctl else []) + self.peers
        runs = {w: [] for w in who}
        with open(self.input, "rb") as f:  # the page cache is warm for everybody
            while f.read(1 << 24):
                pass
        begun, self.load = time.time(), round(os.getloadavg()[0], 1)
        for i in range(self.args.rounds):
            for w in who[i % len(who):] + who[:i % len(who)]:
                if runs[w] and runs[w][-1][3] != 0:
                    continue
                remove(self.target(w))
                log = os.path.join(self.out, w + ".log")
                r = run(self.command(w), log)
                runs[w].append(r)
                if r[3] != 0:
                    with open(log, errors="replace") as f:
                        print(f"{self.name} {w}: exit {r[3]}: {f.read()[-500:]}", file=sys.stderr)
            if time.time() - begun > self.args.budget:
                break
        self.runs = {w: r for w, r in runs.items() if r and r[-1][3] == 0}
        return self.runs

    def check(self):
        """Messages about answers that differ from ours (or, without ours, from DuckDB's)."""
        import duckdb
        from compare import differences, same_rows
        con = duckdb.connect()
        found, ours = [], "ecomctl" if "ecomctl" in self.runs else "DuckDB"
        others = [w for w in self.runs if w != ours]
        if base(self.name) == "report":
            parts = []
            for part, line, keys in REPORT_PARTS:
                if ours == "ecomctl":
                    path = os.path.join(self.out, part + ".parquet")
                    remove(path)
                    r = run([self.args.ecomctl] + line.format(i=self.input).split() + ["-o", path], os.path.join(self.out, "check.log"))
                    if r[3] != 0:
                        found.append(f"{part}: ecomctl {line} ends with exit {r[3]}")
                        continue
                else:
                    path = os.path.join(self.target(ours), part + ".parquet")
                parts.append((part, path, keys))
            for w in others:
                for part, path, keys in parts:
                    other = os.path.join(self.target(w), part + ".parquet")
                    if part == "cohort" and ours == "ecomctl":  # peers have no rows for cells without anybody
                        con.execute(f"COPY (SELECT * FROM read_parquet('{path}') WHERE active > 0) TO '{path}.seen.parquet' (FORMAT parquet)")
                        path += ".seen.parquet"
                    found += [f"{part}: {w}: {m}" for m in differences(con, path, other, keys.split(","))]
            return found
        for w in others:
            compare = (lambda a, b: differences(con, a, b, self.keys.split(","))) if self.keys else (lambda a, b: same_rows(con, a, b))
            found += [f"{w}: {m}" for m in compare(self.target(ours), self.target(w))]
        return found

    def result(self):
        med = lambda w, i: statistics.median(r[i] for r in self.runs[w])
        res = {"job": self.name, "size": self.size, "date": datetime.date.today().isoformat(),
               "rounds": min(len(r) for r in self.runs.values()), "machine": machine(), "load": self.load, "who": {
                   w: {"wall": round(med(w, 0), 3), "cpu": round(med(w, 1), 3), "mb": round(med(w, 2))} for w in self.runs}}
        peers = [w for w in self.runs if w != "ecomctl"]
        if "ecomctl" in self.runs and peers:
            fastest = min(peers, key=lambda w: med(w, 0))
            pairs = [a[0] / b[0] for a, b in zip(self.runs["ecomctl"], self.runs[fastest])]
            res["fastest"], res["wall_ratio"] = fastest, round(statistics.median(pairs), 3)
            res["spread"] = [round(min(pairs), 3), round(max(pairs), 3)]
            res["cpu_ratio"] = round(statistics.median(a[1] / b[1] for a, b in zip(self.runs["ecomctl"], self.runs[fastest])), 3)
            res["mem_ratio"] = round(med("ecomctl", 2) / min(med(w, 2) for w in peers), 3)
        return res


def machine():
    cpu = "?"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                cpu = line.split(":")[1].strip()
                break
    return f"{os.cpu_count()} x {cpu}"


def startup(ecomctl):
    """Median wall milliseconds of `ecomctl version`."""
    return round(statistics.median(run([ecomctl, "version"], os.devnull)[0] for _ in range(21)) * 1000, 1)


def load():
    if os.path.exists(RESULTS):
        with open(RESULTS) as f:
            return json.load(f)
    return {"jobs": {}}


def row(r):
    who = r["who"]
    title, _, _, _, _, goal, memgoal = JOBS[r["job"]]
    cells = [title]
    for w in ("ecomctl", "DuckDB", "Polars", "DataFusion", "pandas", "pyarrow"):
        m = who.get(w)
        cells.append(f"{m['wall']:.2f} / {m['cpu']:.2f} / {m['mb']}" if m else "")
    if "wall_ratio" in r:
        mark = lambda v, g: f"**{v:.2f}**" if g is None or v <= g else f"{v:.2f}"
        cells += [f"{mark(r['wall_ratio'], goal)} ({r['spread'][0]:.2f}–{r['spread'][1]:.2f})", f"{goal:.2f}" if goal else "–",
                  f"{r['cpu_ratio']:.2f}", mark(r["mem_ratio"], memgoal), r.get("answers", "")]
    else:
        cells += ["", f"{goal:.2f}" if goal else "–", "", "", r.get("answers", "")]
    return "| " + " | ".join(cells) + " |"


def write_docs(all_):
    out = ["# Benchmarks", "", "Made by `make bench SIZE=1m|10m|50m`; not edited by hand.", "",
           "Every program runs as a whole process (start-up included), in turn, in the same rounds, on the same generated order lines",
           "(`scripts/bench/data.py`), two years of a shop with about one spoiled row in a hundred. Cells are medians: wall seconds / CPU seconds /",
           "peak MB. *Wall* is the median over rounds of ours divided by the fastest peer's time in the same round, with the range; *CPU* is the",
           "same for processor time; *memory* is ours divided by the smallest peer's. Bold meets the goal. *Answers* says whether all programs gave the same cells: counts exactly, money to",
           "1e-9 relative, as the peers add doubles and ecomctl exact integers. The peers' report computes daily, monthly, category, region, product,",
           "RFM and cohort tables and stops there; ours also checks data quality and exact duplicates, looks for anomalies, forecasts, digests the input and writes the",
           "HTML page; `--models off` leaves out baskets, groups, lifetime value and recommendations, which it has up to two million rows otherwise.", ""]
    if "startup_ms" in all_:
        out += [f"`ecomctl version` takes {all_['startup_ms']} ms (goal: under 20).", ""]
    for size in ("1m", "10m", "50m"):
        rows = [all_["jobs"][k] for k in (f"{j}:{size}" for j in JOBS) if k in all_["jobs"]]
        if not rows:
            continue
        rounds, loads = {r["rounds"] for r in rows}, {r.get("load", 0) for r in rows}
        out += [f"## {size[:-1]} million rows", "",
                f"{rows[-1]['date']}, {rows[-1]['machine']}; {min(rounds)} to {max(rounds)} rounds a job; "
                f"load average {min(loads)} to {max(loads)} before a job (on a quiet machine about 1 to 2, from the job before).", "",
                "| job | ecomctl | DuckDB | Polars | DataFusion | pandas | pyarrow | wall | goal | CPU | memory (goal 0.60) | answers |",
                "|---|---|---|---|---|---|---|---|---|---|---|---|"]
        out += [row(r) for r in rows] + [""]
    growth = []
    for job in BIG:
        t = {s: all_["jobs"].get(f"{job}:{s}", {}).get("who", {}).get("ecomctl") for s in ("1m", "10m", "50m")}
        if all(t.values()):
            growth.append(f"| {JOBS[job][0]} | " + " | ".join(f"{t[s]['wall'] / n:.3f}" for s, n in (("1m", 1), ("10m", 10), ("50m", 50)))
                          + " | " + " | ".join(str(t[s]["mb"]) for s in ("1m", "10m", "50m")) + " |")
    if growth:
        out += ["## Growth", "", "Seconds a million rows, and peak MB, of ecomctl at the three sizes.", "",
                "| job | s/M at 1 M | at 10 M | at 50 M | MB at 1 M | at 10 M | at 50 M |", "|---|---|---|---|---|---|---|"] + growth + [""]
    import models  # imports this file
    out += models.section()
    with open(os.path.join(ROOT, "docs", "benchmarks.md"), "w") as f:
        f.write("\n".join(out))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("size", choices=["1m", "10m", "50m"])
    ap.add_argument("jobs", nargs="*")
    ap.add_argument("--data", required=True, help="folder of the input files")
    ap.add_argument("--work", required=True, help="folder for the answers")
    ap.add_argument("--ecomctl", help="our binary; without it only the peers run")
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("--budget", type=float, default=240, help="seconds after which a job starts no further round")
    ap.add_argument("--dry", action="store_true", help="leave results.json and docs/benchmarks.md alone")
    args = ap.parse_intermixed_args()
    all_, bad = load(), False
    if args.ecomctl:
        all_["startup_ms"] = startup(args.ecomctl)
    for name in args.jobs or (BIG if args.size == "50m" else list(JOBS)):
        job = Job(name, args.size, args)
        if not job.measure():
            bad = True
            continue
        res, found = job.result(), job.check()
        res["answers"] = "differ" if found else "equal"
        bad |= bool(found)
        all_["jobs"][f"{name}:{args.size}"] = res
        print(row(res), flush=True)
        for m in found:
            print("    differs: " + m, file=sys.stderr)
        if not args.dry and "ecomctl" in res["who"]:
            with open(RESULTS, "w") as f:
                json.dump(all_, f, indent=1, sort_keys=True)
            write_docs(all_)
    sys.exit(bad)


if __name__ == "__main__":
    main()
