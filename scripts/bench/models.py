#!/usr/bin/env python3
"""Time our models and the libraries people use for them, in turn, on the same data.

    models.py [JOB ...]            use it through run.sh models [JOB ...] or `make bench SIZE=models`

A job is whole or part.  Whole: the programs run as processes from the file to the answer, and the processes are
timed.  Part: the work after loading is timed by the program itself, as libraries are called in memory; ours is
scripts/bench/kernel.  Every program prints, as its last line of output, one JSON object: {"check": TEXT} and, for
parts, {"wall": SECONDS, "cpu": SECONDS}.  All checks must be equal, or close where the job says how.

To add a job:
  1. JOBS below: name, title, input file, our command line, peers' command lines, goal.
  2. models_data.py: a function that makes the input file, by name, once (or an input of data.py: orders_10m.parquet).
  3. peers/NAME.py: the peer, written as its users would; it ends with  models_data.answer(check, wall, cpu).
  4. For a part: one function in kernel/NAME.go and its line in `jobs` of kernel/main.go.
  5. requirements-models.txt: the peer's package, pinned.
{i} is the input, {o} a fresh output path, {peers} the folder of the peers.
"""
import argparse
import csv
import datetime
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

from bench import HERE, ROOT, machine, remove, run

RESULTS = os.path.join(HERE, "models.json")


@dataclass
class Job:
    title: str
    input: str                      # file name in the data folder
    ours: str                       # command line: {ecomctl} or {kernel} …
    peers: dict                     # name -> script and arguments
    goal: float                     # wall of ours / wall of the fastest peer
    part: bool = False
    check: object = None            # whole jobs: function(path of our answer) -> text
    close: object = field(default=lambda ours, theirs: ours == theirs)


def lines(path):
    """Number of rows of a CSV answer."""
    with open(path, newline="") as f:
        return str(sum(1 for _ in csv.reader(f)) - 1)


def funnel(path):
    """The steps of a funnel with their users and median times."""
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    return ", ".join(f"{r['step']} {r['users']}" + (f" {float(r['median_seconds']):.6f}" if r["median_seconds"] else "") for r in rows)


def wape(path, n):
    """Weighted absolute percentage error of the forecasts of daily series, in the order of their ids."""
    import numpy as np
    came = np.fromfile(os.path.join(os.environ["ECOMCTL_BENCH_DATA"], f"daily_{n}.parquet.later"), "<f8").reshape(n, -1)
    with open(path, newline="") as f:
        said = np.array([float(r["forecast"]) for r in csv.DictReader(f)]).reshape(n, -1)
    return f"{np.abs(said - came).sum() / came.sum():.4f}"


def no_worse(ours, theirs):
    """Checks that are errors: ours is at most theirs, to the digits shown."""
    return float(ours) <= float(theirs)


def sf(model, n=1000):
    """A job of statsforecast's model on n daily series; ours tests its intervals too."""
    ours, theirs, title = model
    return Job(f"{title}, {n} daily series × 702, 28 ahead (check: WAPE)", f"daily_{n}.parquet", f"{{ecomctl}} forecast {{i}} --horizon 28 --model {ours} --format csv -o {{o}}",
               {"statsforecast": f"statsforecast_.py {{i}} {theirs}"}, .5, check=lambda path: wape(path, n), close=no_worse)


def fim(args):
    return {"PyFIM eclat": f"fim_.py eclat {args}", "PyFIM fpgrowth": f"fim_.py fpgrowth {args}"}


def within(far):
    """Checks that are numbers no farther apart than far."""
    return lambda ours, theirs: abs(float(ours) - float(theirs)) <= far


def inertia(path):
    """Sum of the squared distances of a table of clusters."""
    import pyarrow.parquet as pq
    d = pq.read_table(path, columns=["distance"])["distance"].to_numpy()
    return f"{float((d * d).sum()):.1f}"


def least(ours, theirs):
    """Inertia: ours may be a thousandth above theirs."""
    return float(ours) <= 1.001 * float(theirs)


def no_less(ours, theirs):
    """Checks that are gains: ours is at least theirs, to the digits shown."""
    return float(ours) >= float(theirs)


def kmeans(args):
    return {"scikit-learn": f"kmeans_.py sklearn {args}", "faiss": f"kmeans_.py faiss {args}"}


JOBS = {
    "basket": Job("rules of 2.99 M baskets, support .0002, confidence .1", "orders_10m.parquet",
                  "{ecomctl} basket {i} --min-support 0.0002 --min-confidence 0.1 --format csv -o {o}", fim("{i} rules 0.0002 0.1"), .5, check=lines),
    "itemsets-generated": Job("mining 2.99 M baskets, support .0002", "baskets_10m.dat", "{kernel} itemsets {i} 599", fim("{i} sets 599"), 1.0, part=True),
    "itemsets-t10": Job("mining T10I4D100K, support .001", "T10I4D100K.dat", "{kernel} itemsets {i} 100", fim("{i} sets 100"), 1.0, part=True),
    "itemsets-chess": Job("mining chess, support .6", "chess.dat", "{kernel} itemsets {i} 1918", fim("{i} sets 1918"), 1.0, part=True),
    "funnel": Job("funnel of 10 M events, 400 k users, window 7 days", "events_10m.parquet",
                  "{ecomctl} funnel {i} --steps view,cart,purchase --window 7d --format csv -o {o}",
                  {"DuckDB ASOF joins": "duck_funnel_.py asof {i} view cart purchase 7", "DuckDB windows": "duck_funnel_.py window {i} view cart purchase 7"}, 1.0, check=funnel),
    "forecast-hw": sf(("hw", "holtwinters", "Holt–Winters")),
    "forecast-theta": sf(("autotheta", "autotheta", "AutoTheta")),
    "forecast-ets": sf(("ets", "autoets", "AutoETS"), 100),
    "forecast-arima": sf(("arima", "autoarima", "AutoARIMA"), 25),
    "stl": Job("robust STL of 1,000 daily series × 730, season 7 (check: odd days)", "days_1000.f64", "{kernel} stl {i}", {"statsmodels": "stl_.py {i}"}, .2, part=True),
    "lifetime-days": Job("BG/NBD, Gamma–Gamma, value: 500 k customers, days", "customers_days.f64", "{kernel} lifetime {i}",
                         {"lifetimes": "lifetimes_.py {i}"}, .05, part=True),
    "lifetime-continuous": Job("the same, continuous times", "customers_continuous.f64", "{kernel} lifetime {i}",
                               {"lifetimes": "lifetimes_.py {i}"}, .3, part=True),
    "kmeans": Job("k-means 1 M × 8, k 8, 3 starts × 20 (check: inertia)", "points_apart.f64", "{kernel} clusters {i}", kmeans("{i}"), .8, part=True, close=least),
    "kmeans-overlap": Job("the same, groups that overlap", "points_overlap.f64", "{kernel} clusters {i}", kmeans("{i}"), .8, part=True, close=least),
    "kmeans-none": Job("the same, no groups", "points_none.f64", "{kernel} clusters {i}", kmeans("{i}"), .8, part=True, close=least),
    "cluster": Job("the same from Parquet to clusters in Parquet", "points_apart.parquet",
                   "{ecomctl} cluster {i} --table table --id id --k 8 --starts 3 --iterations 20 --format parquet -o {o}", kmeans("{i} {o}"), .8, check=inertia, close=least),
    "iforest": Job("isolation forest, 1 M × 8: fit and score (check: AUC)", "odd_rows.f64", "{kernel} iforest {i}",
                   {"scikit-learn": "iforest_.py {i}"}, .5, part=True, close=within(.01)),
    "predict": Job("100 boosted trees on 1 M × 20 (check: AUC of 100 k more rows)", "labels_1m.f64", "{kernel} predict {i}",
                   {"scikit-learn HistGradientBoosting": "histgb_.py {i}"}, 1.0, part=True, close=within(.005)),
    "recommend-itemknn": Job("item neighbours and top 10 of 500 k users × 20 k items, 9.4 M purchases (check: nDCG@10 of 0.5 M more)", "purchases_10m.csr",
                             "{kernel} recommend {i} itemknn", {"implicit": "implicit_.py itemknn {i}"}, .8, part=True, close=no_less),
    "recommend-als": Job("the same with ALS, 64 factors × 15", "purchases_10m.csr", "{kernel} recommend {i} als", {"implicit": "implicit_.py als {i}"}, 1.5,
                         part=True, close=no_less),
}


def last_line(log):
    with open(log, errors="replace") as f:
        found = [line for line in f if line.startswith("{")]
    return json.loads(found[-1]) if found else {}


class Race:
    def __init__(self, name, args):
        self.name, self.job, self.args = name, JOBS[name], args
        self.input = os.path.join(args.data, self.job.input)
        self.out = os.path.join(args.work, name)
        os.makedirs(self.out, exist_ok=True)
        self.runs, self.checks = {}, {}

    def command(self, who, out):
        tools = {"i": self.input, "o": out, "ecomctl": self.args.ecomctl, "kernel": self.args.kernel}
        if who == "ecomctl":
            return [w.format(**tools) for w in self.job.ours.split()]
        return [sys.executable] + [w.format(**tools) for w in ("{peers}/" + self.job.peers[who]).replace("{peers}", os.path.join(HERE, "peers")).split()]

    def once(self, who):
        """(wall, CPU, peak MB) of one run; None when it failed."""
        out, log = os.path.join(self.out, "answer"), os.path.join(self.out, who.replace(" ", "_") + ".log")
        remove(out)
        wall, cpu, mb, code = run(self.command(who, out), log)
        if code != 0:
            with open(log, errors="replace") as f:
                print(f"{self.name} {who}: exit {code}: {f.read()[-500:]}", file=sys.stderr)
            return None
        said = last_line(log)
        if self.job.part:
            wall, cpu = said["wall"], said["cpu"]
        self.checks[who] = self.job.check(out) if self.job.check and who == "ecomctl" else said.get("check", "")
        return wall, cpu, mb

    def measure(self):
        who = ["ecomctl"] + list(self.job.peers)
        for i in range(self.args.rounds):
            for w in who[i % len(who):] + who[:i % len(who)]:
                r = self.once(w)
                if r is None:
                    return False
                self.runs.setdefault(w, []).append(r)
        return True

    def result(self):
        med = lambda w, i: statistics.median(r[i] for r in self.runs[w])
        fastest = min(self.job.peers, key=lambda w: med(w, 0))
        pairs = [(a[0] / b[0], a[1] / b[1]) for a, b in zip(self.runs["ecomctl"], self.runs[fastest])]
        wrong = [w for w in self.job.peers if not self.job.close(self.checks["ecomctl"], self.checks[w])]
        return {"date": datetime.date.today().isoformat(), "machine": machine(), "rounds": len(pairs), "load": round(os.getloadavg()[0], 1),
                "who": {w: {"wall": round(med(w, 0), 3), "cpu": round(med(w, 1), 3), "mb": round(med(w, 2))} for w in self.runs},
                "fastest": fastest, "wall_ratio": round(statistics.median(p[0] for p in pairs), 3), "cpu_ratio": round(statistics.median(p[1] for p in pairs), 3),
                "spread": [round(min(p[0] for p in pairs), 3), round(max(p[0] for p in pairs), 3)],
                "checks": self.checks, "answers": "differ: " + ", ".join(wrong) if wrong else "equal"}


def load():
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS) as f:
        return json.load(f)


def row(name, r):
    job, cell = JOBS[name], lambda m: f"{m['wall']:.2f} / {m['cpu']:.2f} / {m['mb']}"
    mark = lambda v: f"**{v:.3f}**" if v <= job.goal else f"{v:.3f}"
    peers = "; ".join(f"{w} {cell(r['who'][w])}" for w in job.peers)
    return (f"| {job.title} | {'after loading' if job.part else 'whole'} | {cell(r['who']['ecomctl'])} | {peers} | {mark(r['wall_ratio'])} "
            f"({r['spread'][0]:.2f}–{r['spread'][1]:.2f}) | {mark(r['cpu_ratio'])} | {job.goal:g} | {r['answers']} |")


def section():
    """The lines of docs/benchmarks.md about models; bench.py asks for them."""
    found = {k: r for k, r in load().items() if k in JOBS}
    if not found:
        return []
    rounds, loads = [r["rounds"] for r in found.values()], [r["load"] for r in found.values()]
    last = max(found.values(), key=lambda r: r["date"])
    return ["## Models", "", f"{last['date']}, {last['machine']}; {min(rounds)} to {max(rounds)} rounds a job; load average {min(loads)} to {max(loads)}: "
            "where it is high, only the CPU column tells.", "",
            "`make bench SIZE=models`. *Whole* times processes from the file to the answer, *after loading* the work in memory alone. Cells: wall s / CPU s / peak MB. Ratios are ours to the fastest",
            "peer's in the same round, wall and CPU; bold meets the goal. *Answers* compares counts and parameters.", "",
            "| job | what | ecomctl | peers | wall | CPU | goal | answers |", "|---|---|---|---|---|---|---|---|"] + \
           [row(k, found[k]) for k in JOBS if k in found] + [""]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("jobs", nargs="*", help="of " + ", ".join(JOBS))
    ap.add_argument("--data", required=True, help="folder of the input files; what is missing is made")
    ap.add_argument("--work", required=True, help="folder for the answers")
    ap.add_argument("--ecomctl", required=True, help="our binary")
    ap.add_argument("--kernel", required=True, help="the built scripts/bench/kernel")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--dry", action="store_true", help="leave models.json and docs/benchmarks.md alone")
    args = ap.parse_intermixed_args()
    os.environ["ECOMCTL_BENCH_DATA"] = args.data
    bad = False
    for name in args.jobs or list(JOBS):
        race = Race(name, args)
        if not os.path.exists(race.input):
            subprocess.run([sys.executable, os.path.join(HERE, "models_data.py"), os.path.basename(race.input), args.data], check=True, env={**os.environ, "ECOMCTL": args.ecomctl})
        if not race.measure():
            bad = True
            continue
        r = race.result()
        bad |= r["answers"] != "equal"
        print(row(name, r), flush=True)
        if r["answers"] != "equal":
            print(f"    {r['checks']}", file=sys.stderr)
        if not args.dry:
            all_ = load()
            all_[name] = r
            with open(RESULTS, "w") as f:
                json.dump(all_, f, indent=1, sort_keys=True)
            import bench
            bench.write_docs(bench.load())
    sys.exit(bad)


if __name__ == "__main__":
    main()
