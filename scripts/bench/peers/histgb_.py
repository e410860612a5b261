"""100 trees of 31 leaves with scikit-learn's HistGradientBoostingClassifier: histgb_.py FILE"""
import os
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # CPU time is compared: threads that wait must not burn it
import numpy as np  # noqa: E402
from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

rows = np.fromfile(sys.argv[1], "<f8").reshape(-1, 21)
X, y = np.ascontiguousarray(rows[:, :20]), rows[:, 20].astype(np.int8)
fit, held = slice(0, len(y) - 100_000), slice(len(y) - 100_000, None)
wall, cpu = time.perf_counter(), time.process_time()
model = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=31, learning_rate=0.1, early_stopping=False).fit(X[fit], y[fit])
score = model.decision_function(X[held])
area = roc_auc_score(y[held], score)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
answer(f"{area:.4f}", wall, cpu)
