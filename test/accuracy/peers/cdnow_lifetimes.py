"""Hold-out error of lifetimes on the CDNOW sample: fitted on 39 weeks, asked about the next 39.

usage: cdnow_lifetimes.py CDNOW_sample.txt        needs lifetimes 0.11.3, pandas
"""
import sys
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, ParetoNBDFitter

d = pd.read_csv(sys.argv[1], sep=r"\s+", header=None, names=["id", "n", "day", "units", "money"])
d["day"] = pd.to_datetime(d.day, format="%Y%m%d")
d = d.drop_duplicates(["id", "day"])
end = pd.Timestamp("1997-09-30")
cal = d[d.day <= end].groupby("id").day.agg(["min", "max", "count"])
x = (cal["count"] - 1).astype(float)
tx = (cal["max"] - cal["min"]).dt.days / 7
T = (end - cal["min"]).dt.days / 7
later = d[d.day > end].groupby("id").size().reindex(cal.index, fill_value=0)
for f in (BetaGeoFitter(), ParetoNBDFitter()):
    f.fit(x, tx, T)
    e = f.conditional_expected_number_of_purchases_up_to_time(39, x, tx, T)
    print(type(f).__name__, "forecast %.4f of %d" % (e.sum(), later.sum()),
          "MAE %.6f RMSE %.6f" % (abs(e - later).mean(), np.sqrt(((e - later) ** 2).mean())))
