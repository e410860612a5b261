"""Least inertia that scikit-learn and faiss find on public tables, 50 starts each.

usage: cluster_kmeans.py SHARED_DATA_FOLDER      needs scikit-learn 1.9.1, faiss-cpu, pandas
Columns are scaled as `ecomctl cluster --scale log` does: ln(1 + x), mean 0, standard deviation 1 (population).
"""
import sys

import faiss
import numpy as np
import pandas as pd
import sklearn
from sklearn.cluster import KMeans

TABLES = [
    ("online_shoppers/online_shoppers_intention.csv",
     ["Administrative", "Administrative_Duration", "Informational", "Informational_Duration", "ProductRelated",
      "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay"], (3, 6, 10)),
    ("cdnow/cdnow_customers_summary.csv", ["frequency", "recency", "T"], (3, 6, 10)),
]
print("scikit-learn", sklearn.__version__, "faiss", faiss.__version__)
for path, columns, ks in TABLES:
    x = np.log1p(pd.read_csv(f"{sys.argv[1]}/{path}")[columns].to_numpy(float))
    x = (x - x.mean(0)) / x.std(0)
    for k in ks:
        m = KMeans(k, n_init=50, max_iter=300, tol=0, random_state=1).fit(x)
        f = faiss.Kmeans(x.shape[1], k, niter=300, nredo=50, seed=1, max_points_per_centroid=10**7)
        f.train(x.astype("float32"))
        c = f.centroids.astype(float)
        near = ((x[:, None] - c[None]) ** 2).sum(2).min(1).sum()
        print(f'{{"{path}", {k}, {m.inertia_:.4f}, {near:.4f}}},', flush=True)
