"""pandas' side of the comparison: pandas_.py JOB IN OUT (see README.md for what each job computes)."""
import sys

import numpy as np
import pandas as pd

VOID = ["cancelled", "refunded", "voided", "failed", "trash", "unpaid"]
NEEDED = ["order_id", "customer_id", "product_id", "quantity", "unit_price", "order_ts", "status"]


def sold(src, columns=None):
    df = pd.read_parquet(src, columns=columns, dtype_backend="pyarrow")
    return df[(df.quantity > 0).fillna(False) & (df.unit_price >= 0).fillna(False) & df.order_id.notna() & df.product_id.notna()
              & (df.order_ts <= pd.Timestamp("2026-11-23")).fillna(False) & ~df.status.isin(VOID).fillna(False)]


def slim(df):
    """numpy columns group faster than Arrow-backed ones; guests stay as -1 or nothing."""
    number = pd.api.types.is_integer_dtype(df.order_id.dtype)
    return pd.DataFrame({
        "day": df.order_ts.to_numpy(dtype="datetime64[us]").astype("datetime64[D]").astype("datetime64[s]"),
        "revenue": (df.quantity * df.unit_price).to_numpy(dtype="float64"),
        "quantity": df.quantity.to_numpy(dtype="int64"),
        "order_id": df.order_id.to_numpy(dtype="int64") if number else df.order_id.astype("category").cat.codes.to_numpy(),
        "customer_id": df.customer_id.to_numpy(dtype="float64", na_value=np.nan) if number else df.customer_id.to_numpy()})


def sales(df):
    g = df.groupby("day", sort=True)
    r = pd.DataFrame({"revenue": g.revenue.sum(), "orders": g.order_id.nunique(), "units": g.quantity.sum(),
                      "customers": g.customer_id.nunique()})
    r["aov"] = r.revenue / r.orders
    return r.rename_axis("date").reset_index()


def daily(src, out):
    sales(slim(sold(src, NEEDED))).to_parquet(out)


def daily_dedup(src, out):
    sales(slim(sold(src).drop_duplicates())).to_parquet(out)


def rfm(src, out):
    df = slim(sold(src, NEEDED))
    last = df.day.max()
    g = df.groupby("customer_id", sort=True)  # leaves guests out
    k = pd.DataFrame({"recency_days": (last - g.day.max()).dt.days + 1, "frequency": g.order_id.nunique(),
                      "monetary": g.revenue.sum().round(4)}).reset_index()
    if k.customer_id.dtype == np.float64:
        k["customer_id"] = k.customer_id.astype("int64")
    n = len(k)
    for name, key in (("r", -k.recency_days), ("f", k.frequency), ("m", k.monetary)):
        k[name] = 1 + 5 * (key.rank(method="min").astype("int64") - 1) // n
    r, v = k.r, (k.f + k.m + 1) // 2
    k["segment"] = np.select(
        [(r == 5) & (v >= 4), (r == 5) & (v >= 2), r == 5, (r == 4) & (v >= 4), (r == 4) & (v >= 2), r == 4,
         (r == 3) & (v >= 4), (r == 3) & (v == 3), r == 3, v == 5, v >= 3, (r == 1) & (v == 1)],
        ["champions", "potential_loyalists", "new", "loyal", "potential_loyalists", "promising",
         "loyal", "need_attention", "about_to_sleep", "cant_lose", "at_risk", "lost"], "hibernating")
    k.to_parquet(out)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], sys.argv[3])
