"""Makes implicit.json: item similarities of a small matrix by implicit 0.7.3 (numpy 2.4.6, scipy 1.17.1),
and ALS scores by dense solutions with numpy.    python make_implicit.py > implicit.json"""
import json

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

r = np.random.default_rng(5)
x = (r.random((30, 12)) < r.random(12) * .6).astype(np.float32) * r.integers(1, 4, (30, 12))
x[range(12), range(12)] = np.maximum(x[range(12), range(12)], 1)  # every item has a user
m = sp.csr_matrix(x.astype(np.float32))


def similarity(model):
    model.fit(m, show_progress=False)
    return model.similarity.toarray().astype(float).round(7).tolist()


factors, lam, alpha, rounds = 5, .3, 2., 4
start = r.normal(0, .1, (12, factors)).astype(np.float32)
X, Y = np.zeros((30, factors)), start.astype(float)
for _ in range(rounds):  # Hu, Koren & Volinsky (2008), eq. 4 and 5, with the confidence of als.go
    for fixed, free, data in ((Y, X, x), (X, Y, x.T)):
        for i, row in enumerate(data):
            c = 1 + alpha * np.maximum(row - 1, 0)
            free[i] = np.linalg.solve(fixed.T @ (c[:, None] * fixed) + lam * np.eye(factors), fixed.T @ (c * (row > 0)))
print(json.dumps({"rows": x.tolist(), "cosine": similarity(CosineRecommender(K=12)), "bm25": similarity(BM25Recommender(K=12)),
                  "als_scores": (X @ Y.T).round(7).tolist(), "als_factors": factors, "als_lambda": lam, "als_alpha": alpha,
                  "als_start": start.tolist(), "als_rounds": rounds}))
