"""Polars' side of the comparison: polars_.py JOB IN OUT (see README.md for what each job computes)."""
import datetime as dt
import os
import sys

import polars as pl

VOID = ["cancelled", "refunded", "voided", "failed", "trash", "unpaid"]
c = pl.col


def sold(src):
    return pl.scan_parquet(src).filter(
        (c("quantity") > 0) & (c("unit_price") >= 0) & c("order_id").is_not_null() & c("product_id").is_not_null()
        & (c("order_ts") <= dt.datetime(2026, 11, 23)) & (c("status").is_null() | ~c("status").is_in(VOID)))


def sales(lf, **by):
    return (lf.group_by(**by).agg(
        revenue=c("revenue").sum(), orders=c("order_id").n_unique(), units=c("quantity").cast(pl.Int64).sum(),
        customers=c("customer_id").drop_nulls().n_unique())
        .with_columns(aov=c("revenue") / c("orders")).sort(list(by)))


def valued(lf):
    return lf.with_columns(revenue=c("quantity") * c("unit_price"), day=c("order_ts").dt.date())


def daily(src, out):
    sales(valued(sold(src)), date="day").collect(engine="streaming").write_parquet(out)


def daily_dedup(src, out):
    sales(valued(sold(src).unique(keep="any")), date="day").collect(engine="streaming").write_parquet(out)


def customers(lf):
    """One row a customer, guests (null) among them until the last day of all sold lines is known."""
    return lf.group_by("customer_id").agg(
        last=c("day").max(), frequency=c("order_id").n_unique(), monetary=c("revenue").sum().round(4))


def score(key, descending=False):
    return (1 + 5 * (c(key).rank("min", descending=descending).cast(pl.Int64) - 1) // pl.len())


def rank(lf):
    r, v = c("r"), c("v")
    return (lf.with_columns(recency_days=(c("last").max() + dt.timedelta(days=1) - c("last")).dt.total_days())
        .filter(c("customer_id").is_not_null())
        .with_columns(r=score("recency_days", True), f=score("frequency"), m=score("monetary"))
        .with_columns(v=(c("f") + c("m") + 1) // 2)
        .with_columns(segment=pl.when(r == 5).then(
                pl.when(v >= 4).then(pl.lit("champions")).when(v >= 2).then(pl.lit("potential_loyalists")).otherwise(pl.lit("new")))
            .when(r == 4).then(
                pl.when(v >= 4).then(pl.lit("loyal")).when(v >= 2).then(pl.lit("potential_loyalists")).otherwise(pl.lit("promising")))
            .when(r == 3).then(
                pl.when(v >= 4).then(pl.lit("loyal")).when(v == 3).then(pl.lit("need_attention")).otherwise(pl.lit("about_to_sleep")))
            .when(v == 5).then(pl.lit("cant_lose")).when(v >= 3).then(pl.lit("at_risk"))
            .when((r == 1) & (v == 1)).then(pl.lit("lost")).otherwise(pl.lit("hibernating")))
        .select("customer_id", "recency_days", "frequency", "monetary", "r", "f", "m", "segment").sort("customer_id"))


def rfm(src, out):
    rank(customers(valued(sold(src))).collect(engine="streaming").lazy()).collect().write_parquet(out)


def report(src, out):
    os.makedirs(out, exist_ok=True)
    t = (valued(sold(src)).select("order_id", "customer_id", "product_id", "category", "province", "quantity", "revenue", "day")
         .collect(engine="streaming").lazy())
    w = (t.filter(c("customer_id").is_not_null())
         .group_by("customer_id", month=c("day").dt.truncate("1mo")).agg(revenue=c("revenue").sum()))
    cohort = (w.join(w.group_by("customer_id").agg(cohort=c("month").min()), on="customer_id")
              .group_by("cohort", period=(c("month").dt.year().cast(pl.Int64) - c("cohort").dt.year()) * 12
                        + c("month").dt.month().cast(pl.Int64) - c("cohort").dt.month())
              .agg(active=pl.len(), revenue=c("revenue").sum()).sort("cohort", "period"))
    plans = {
        "daily": sales(t, date="day"),
        "monthly": sales(t, date=c("day").dt.truncate("1mo")),
        "category": sales(t, category="category"),
        "region": sales(t, region="province"),
        "products": t.group_by("product_id").agg(revenue=c("revenue").sum(), units=c("quantity").cast(pl.Int64).sum())
                     .sort("revenue", descending=True).head(100),
        "rfm": rank(customers(t)),
        "cohort": cohort}
    for name, frame in zip(plans, pl.collect_all(list(plans.values()), engine="streaming")):
        frame.write_parquet(f"{out}/{name}.parquet")


def csv(src, out):
    pl.scan_csv(src, try_parse_dates=True).sink_parquet(out, compression="snappy", row_group_size=1_000_000)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], sys.argv[3])
