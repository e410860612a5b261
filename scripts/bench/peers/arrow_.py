"""pyarrow's side of the comparison: arrow_.py csv IN OUT."""
import sys

import pyarrow.csv as csv
import pyarrow.parquet as pq

if __name__ == "__main__":
    pq.write_table(csv.read_csv(sys.argv[2]), sys.argv[3], compression="snappy", row_group_size=1_000_000)
