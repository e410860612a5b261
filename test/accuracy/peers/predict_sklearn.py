"""AUC of scikit-learn's defaults on the tables of predict_test.go:

    ECOMCTL_MADE_TABLES=FOLDER go test -run TestPredictBesideScikitLearn ./test/accuracy; predict_sklearn.py FOLDER
"""
import glob
import os
import sys

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

for path in sorted(glob.glob(os.path.join(sys.argv[1], "made*.csv"))):
    d = pd.read_csv(path)
    X, y, cut = d.drop(columns=["t", "y"]), d.y, len(d) * 3 // 4
    X["level"] = X.level.astype("category")
    numbers = [c for c in X if c != "level"]
    trees = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0).fit(X[:cut], y[:cut])
    linear = make_pipeline(make_column_transformer((make_pipeline(SimpleImputer(), StandardScaler()), numbers), (OneHotEncoder(handle_unknown="ignore"), ["level"])),
                           LogisticRegression(max_iter=1000)).fit(X[:cut], y[:cut])
    area = [roc_auc_score(y[cut:], m.predict_proba(X[cut:])[:, 1]) for m in (trees, linear)]
    print(f"{os.path.basename(path)}: rate {y.mean():.3f}, {area[0]:.4f}, {area[1]:.4f}", flush=True)
