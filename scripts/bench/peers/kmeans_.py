"""k-means, 8 clusters, 3 starts of 20 iterations: kmeans_.py sklearn|faiss FILE [OUT]

FILE.f64 holds rows of eight doubles; the fit is timed.  With OUT, FILE is a Parquet table of id and x0 … x7: standardised, fitted,
and the cluster and distance of every row written.  The check is the inertia."""
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402


def sklearn(x):
    from sklearn.cluster import KMeans
    m = KMeans(8, n_init=3, max_iter=20, tol=0, init="k-means++", algorithm="lloyd", random_state=1)

    def work():
        m.fit(x)
        return m.inertia_
    return work, lambda: (m.labels_, np.sqrt(((x - m.cluster_centers_[m.labels_]) ** 2).sum(1)))


def faiss(x):
    import faiss
    x = x.astype("float32")
    m = faiss.Kmeans(x.shape[1], 8, niter=20, nredo=3, seed=1, max_points_per_centroid=10**8)
    found = []

    def work():
        m.train(x)
        found[:] = m.index.search(x, 1)
        return found[0].sum(dtype="float64")
    return work, lambda: (found[1][:, 0], np.sqrt(found[0][:, 0]))


peer, file = {"sklearn": sklearn, "faiss": faiss}[sys.argv[1]], sys.argv[2]
if len(sys.argv) == 3:
    work, _ = peer(np.fromfile(file, "<f8").reshape(-1, 8))
    wall, cpu = time.perf_counter(), time.process_time()
    inertia = work()
    answer(f"{inertia:.1f}", time.perf_counter() - wall, time.process_time() - cpu)
else:
    import pyarrow as pa
    import pyarrow.parquet as pq
    t = pq.read_table(file)
    x = np.column_stack([t[f"x{j}"].to_numpy() for j in range(8)])
    work, out = peer((x - x.mean(0)) / x.std(0))
    inertia = work()
    label, distance = out()
    pq.write_table(pa.table({"id": t["id"], "cluster": label, "distance": distance}), sys.argv[3])
    answer(f"{inertia:.1f}")
