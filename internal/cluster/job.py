"""The job that `ecomctl spark submit` ships: runs printed Spark SQL and writes each answer as Parquet.

usage: job.py WORK OUT
WORK is a JSON file of {"settings": [[name, value]], "views": [sql], "queries": [sql]}; the answer of the i-th query goes to OUT/q<i>
with its columns named c0, c1, ... A failure is told on one line that begins with ECOMCTL-FAILED.
"""
import json
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.types import NullType


def read_work(name):
    # --files puts it into the working folder of a driver on YARN, and where SparkFiles says elsewhere
    path = name if os.path.exists(name) else SparkFiles.get(name)
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write(spark, sql, out):
    df = spark.sql(sql)
    df = df.toDF(*["c%d" % i for i in range(len(df.columns))])
    for f in df.schema.fields:
        if isinstance(f.dataType, NullType):  # Parquet has no type for nothing but nulls
            df = df.withColumn(f.name, df[f.name].cast("bigint"))
    df.write.mode("error").parquet(out)


def main(name, out):
    spark = SparkSession.builder.getOrCreate()
    work = read_work(name)
    for key, value in work["settings"]:
        spark.conf.set(key, value)
    for sql in work["views"]:
        spark.sql(sql)
    # Spark fills the gaps of one query with the tasks of another
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(write, spark, sql, "%s/q%d" % (out, i)) for i, sql in enumerate(work["queries"])]
        for t in tasks:
            t.result()
    spark.stop()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as e:
        traceback.print_exc()
        print("ECOMCTL-FAILED", " ".join(str(e).split())[:2000], file=sys.stderr, flush=True)
        sys.exit(1)
