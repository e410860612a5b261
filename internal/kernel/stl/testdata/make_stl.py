"""Writes stl.json: decompositions by statsmodels 0.15.0.  python make_stl.py > stl.json"""
import json, sys
import numpy as np
from statsmodels.tsa.seasonal import MSTL, STL

r = np.random.default_rng(7)

def shop(n, period, level=50):
    t = np.arange(n)
    y = level + 0.03 * t + 8 * np.sin(2 * np.pi * t / period) + 4 * np.cos(4 * np.pi * t / period + t / n) + r.normal(0, 2, n)
    y[r.integers(0, n, max(1, n // 40))] += 60
    return np.round(y, 3)

cases = []
def add(name, y, inner=None, outer=None, **kw):
    s = STL(y, **kw).fit(inner_iter=inner, outer_iter=outer)
    cases.append(dict(name=name, options=kw, inner=inner or 0, outer=outer or 0, y=list(y),
                      season=list(s.seasonal), trend=list(s.trend), weights=list(s.weights)))

y = shop(150, 7)
add("defaults", y, period=7)
add("robust", y, period=7, robust=True)
add("three robust passes", y, inner=1, outer=3, period=7, robust=True)
add("months, window over the cycles", shop(61, 12), period=12, seasonal=13, robust=True)
add("two seasons only", shop(25, 12), period=12)
add("trend window over the series", shop(40, 7), period=7, trend=51, robust=True)
add("means", shop(90, 7), period=7, seasonal_deg=0, trend_deg=0, low_pass_deg=0, robust=True)
add("jumps", shop(157, 12), period=12, seasonal=11, seasonal_jump=3, trend_jump=4, low_pass_jump=2, robust=True)
add("half of the points equal", np.where(np.arange(98) % 2 == 0, 5.0, np.round(5 + np.sin(np.arange(98)), 3)), period=7, robust=True)

t = np.arange(300)
y = np.round(20 + 5 * np.sin(2 * np.pi * t / 7) + 9 * np.sin(2 * np.pi * t / 30) + 0.02 * t + r.normal(0, 1, 300), 3)
m = MSTL(y, periods=(7, 30)).fit()
multi = dict(y=list(y), periods=[7, 30], seasons=[list(c) for c in m.seasonal.T], trend=list(m.trend), weights=list(m.weights))
json.dump(dict(stl=cases, mstl=multi), sys.stdout, separators=(",", ":"))
