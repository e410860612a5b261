"""Item neighbours or ALS and the ten best of every user with implicit: implicit_.py itemknn|als FILE"""
import os
import sys
import time
import warnings

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as implicit asks for: it has its own threads
import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from implicit.als import AlternatingLeastSquares  # noqa: E402
from implicit.nearest_neighbours import CosineRecommender  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

warnings.filterwarnings("ignore")
BATCH = 50_000
with open(sys.argv[2], "rb") as f:
    users, items, n = np.fromfile(f, "<i8", 3)
    off, item, value, held = np.fromfile(f, "<i8", users + 1), np.fromfile(f, "<u4", n), np.fromfile(f, "<f4", n), np.fromfile(f, "<u4", users)
m = sp.csr_matrix((value, item.astype(np.int32), off), shape=(users, items))
threads = len(os.sched_getaffinity(0))
wall, cpu = time.perf_counter(), time.process_time()
if sys.argv[1] == "als":
    model = AlternatingLeastSquares(64, iterations=15, num_threads=threads, random_state=1, use_gpu=False)
else:
    model = CosineRecommender(K=20, num_threads=threads)
model.fit(m, show_progress=False)
best = []
for a in range(0, users, BATCH):
    u = np.arange(a, min(a + BATCH, users))
    best.append(model.recommend(u, m[u], N=10)[0])
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
hits = np.concatenate(best) == held.astype(np.int64)[:, None]
gain = (hits / np.log2(np.arange(10) + 2)).sum()
answer(f"{gain / (held != 0xFFFFFFFF).sum():.5f}", wall, cpu)
