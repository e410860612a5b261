"""BG/NBD and Gamma–Gamma fits and six months' value of every customer with lifetimes: lifetimes_.py FILE"""
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from lifetimes import BetaGeoFitter, GammaGammaFitter  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

x, tx, T, money = (pd.Series(c) for c in np.fromfile(sys.argv[1], "<f8").reshape(-1, 4).T)
wall, cpu = time.perf_counter(), time.process_time()
bg = BetaGeoFitter(penalizer_coef=0.0).fit(x, tx, T)
again = x > 0
gg = GammaGammaFitter(penalizer_coef=0.0).fit(x[again], money[again])
value = gg.customer_lifetime_value(bg, x[again], tx[again], T[again], money[again], time=6, freq="W", discount_rate=0.01)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
answer(" ".join(f"{v:.2f}" for f in (bg, gg) for v in f.params_), wall, cpu)
