"""Makes points.csv and prints the numbers that kmeans_test.go holds (scikit-learn 1.x, numpy)."""
import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

r = np.random.default_rng(42)
centres = np.array([[0, 0, 0], [4, 1, 0], [0, 5, 3], [-4, -3, 2]], float)
x = np.round(centres[r.integers(0, 4, 400)] + r.normal(0, 1.0, (400, 3)), 3)
np.savetxt("points.csv", x, delimiter=",", fmt="%.3f")
for k in range(1, 6):
    m = KMeans(k, n_init=100, max_iter=500, tol=0, random_state=1, algorithm="lloyd").fit(x)
    s = silhouette_score(x, m.labels_) if k > 1 else float("nan")
    print(f"{{{k}, {float(m.inertia_)!r}, {float(s)!r}}},", sorted(np.bincount(m.labels_).tolist()))
