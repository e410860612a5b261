"""Robust STL with season 7 of statsmodels: stl_.py FILE

FILE holds series of 730 doubles. The check is how many remainders lie more than four robust standard deviations off."""
import os
import sys
import time

import numpy as np
from statsmodels.tsa.seasonal import STL

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models_data import answer  # noqa: E402

series = np.fromfile(sys.argv[1], "<f8").reshape(-1, 730)
wall, cpu = time.perf_counter(), time.process_time()
odd = 0
for y in series:
    r = STL(y, period=7, robust=True).fit().resid
    off = np.abs(r - np.median(r))
    odd += int((off > 4 * 1.4826 * np.median(off)).sum())
answer(str(odd), time.perf_counter() - wall, time.process_time() - cpu)
