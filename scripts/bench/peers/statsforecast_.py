"""Forecasts of daily series with statsforecast: statsforecast_.py FILE holtwinters|autotheta|autoets|autoarima"""
import os
import sys
import warnings

os.environ.setdefault("NIXTLA_ID_AS_COL", "1")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoARIMA, AutoETS, AutoTheta, HoltWinters

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

model = {"holtwinters": lambda: HoltWinters(7, "A"), "autotheta": lambda: AutoTheta(7), "autoets": lambda: AutoETS(7), "autoarima": lambda: AutoARIMA(season_length=7)}[sys.argv[2]]()
data = pd.read_parquet(sys.argv[1])
data["ds"] = pd.to_datetime(data["ds"])
came = np.fromfile(sys.argv[1] + ".later", "<f8").reshape(data.unique_id.nunique(), -1)
said = StatsForecast([model], freq="D", n_jobs=2).forecast(df=data, h=came.shape[1]).iloc[:, -1].to_numpy().reshape(came.shape)
answer(f"{np.abs(said - came).sum() / came.sum():.4f}")
