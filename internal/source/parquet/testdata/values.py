"""Prints the values of Parquet files as pyarrow reads them: a line "file NAME", then for each flat
column a line "column INDEX TYPE" and a line with its values, in the form of values_test.go."""
import decimal, struct, sys
import pyarrow as pa, pyarrow.parquet as pq

decimal.getcontext().prec = 80


def show(col):
    t = col.type
    if pa.types.is_dictionary(t):
        col, t = col.cast(t.value_type), t.value_type
    if pa.types.is_timestamp(t) or pa.types.is_time64(t) or pa.types.is_duration(t):
        col = col.cast(pa.int64())
    elif pa.types.is_date32(t) or pa.types.is_time32(t):
        col = col.cast(pa.int32())
    for v in col.to_pylist():
        if v is None:
            yield "null"
        elif isinstance(v, bool):
            yield str(int(v))
        elif isinstance(v, (int,)):
            yield str(v)
        elif pa.types.is_floating(t):
            v = float(v)
            yield "nan" if v != v else struct.pack(">d", v).hex()
        elif isinstance(v, decimal.Decimal):
            yield str(int(v.scaleb(t.scale)))
        elif isinstance(v, str):
            yield "x" + v.encode().hex()
        elif isinstance(v, bytes):
            yield "x" + v.hex()
        else:
            yield "x" + v.bytes.hex()  # uuid


for path in sys.argv[1:]:
    print("file", path)
    try:
        f = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
        nested = [pa.types.is_nested(x.type) for x in f.schema_arrow]
        names = [x.name for x, n in zip(f.schema_arrow, nested) if not n]
        t = f.read(columns=names)
    except Exception as e:
        print("error", type(e).__name__)
        continue
    j = 0
    for i, n in enumerate(nested):
        if not n:
            print("column", i, t.column(j).type)
            print(" ".join(show(t.column(j))))
            j += 1
