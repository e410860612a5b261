"""Isolation forest of scikit-learn, 100 trees of 256 rows: iforest_.py FILE

FILE holds rows of eight doubles and a label; fit and scores of all rows are timed. The check is the area under the ROC curve."""
import os
import sys
import time

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

data = np.fromfile(sys.argv[1], "<f8").reshape(-1, 9)
x, label = np.ascontiguousarray(data[:, :8]), data[:, 8]
wall, cpu = time.perf_counter(), time.process_time()
score = -IsolationForest(n_estimators=100, max_samples=256, random_state=1, n_jobs=-1).fit(x).score_samples(x)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
answer(f"{roc_auc_score(label, score):.4f}", wall, cpu)
