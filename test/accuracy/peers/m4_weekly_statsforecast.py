"""OWA of statsforecast's models on the weekly series of the M4 competition, as compared with in
docs/accuracy.md.   args: FOLDER (with m4_weekly.csv.gz)   needs: statsforecast 2.1.1, pandas"""
import os
import sys
import warnings

os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import (AutoARIMA, AutoETS, AutoTheta, DynamicOptimizedTheta, DynamicTheta, Holt, Naive, OptimizedTheta,
                                  RandomWalkWithDrift, SimpleExponentialSmoothingOptimized, Theta)

H = 13


def models(season):
    theta = {"theta": Theta(season), "otm": OptimizedTheta(season), "dstm": DynamicTheta(season),
             "dotm": DynamicOptimizedTheta(season), "autotheta": AutoTheta(season)}
    if season > 1:
        return theta
    return {"naive": Naive(), "drift": RandomWalkWithDrift(), "ses": SimpleExponentialSmoothingOptimized(), "holt": Holt(),
            "damped": AutoETS(1, model="AAN", damped=True), "ets": AutoETS(1),
            "arima": AutoARIMA(season_length=1)} | theta


def main():
    data = pd.read_csv(os.path.join(sys.argv[1], "m4_weekly.csv.gz"))
    train = data[data.part == "train"].rename(columns={"series": "unique_id", "t": "ds", "value": "y"})[["unique_id", "ds", "y"]]
    test = data[data.part == "test"].copy()
    test["h"] = test.groupby("series").cumcount()
    scale = train.groupby("unique_id").y.apply(lambda v: np.abs(np.diff(v)).mean())

    def errors(forecast):
        both = test.merge(forecast, on=["series", "h"])
        e = (both.value - both.f).abs()
        smape = 200 * e / (both.value.abs() + both.f.abs())
        return smape.groupby(both.series).mean().mean(), (e.groupby(both.series).mean() / scale).mean()

    naive2 = errors(test[["series", "h"]].assign(f=test.series.map(train.groupby("unique_id").y.last())))
    for season in (1, 52):
        for name, model in models(season).items():
            r = StatsForecast([model], freq=1, n_jobs=1).forecast(df=train, h=H)
            r = r.rename(columns={"unique_id": "series", r.columns[-1]: "f"})
            r["h"] = r.groupby("series").cumcount()
            smape, mase = errors(r)
            print(name, season, f"sMAPE {smape:.3f} MASE {mase:.3f} OWA {(smape / naive2[0] + mase / naive2[1]) / 2:.4f}")


if __name__ == "__main__":
    main()
