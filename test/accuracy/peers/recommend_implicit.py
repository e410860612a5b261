"""nDCG@10 and the rest for recommend_test.go with implicit 0.7.3: every customer's last order is held out, by SQL written from the
definition; lists of 10 leave out what was bought before (or not, with rebuy).

    recommend_implicit.py online-retail FILE [rebuy]        recommend_implicit.py complete-journey FILE [rebuy]
"""
import os
import sys
import warnings

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from implicit.als import AlternatingLeastSquares  # noqa: E402
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender  # noqa: E402

warnings.filterwarnings("ignore")
LINES = {
    "online-retail": "SELECT CustomerID c, StockCode p, InvoiceNo o, strptime(InvoiceDate, '%m/%d/%y %H:%M') t FROM '{}' WHERE Quantity > 0 AND UnitPrice >= 0",
    "complete-journey": "SELECT household_id c, product_id p, basket_id o, transaction_timestamp t FROM '{}' WHERE quantity > 0 AND sales_value >= 0",
}
K, rebuy = 10, "rebuy" in sys.argv[3:]
con = duckdb.connect()
con.execute("CREATE TABLE lines AS SELECT * FROM (" + LINES[sys.argv[1]].format(sys.argv[2]) + ") WHERE c IS NOT NULL AND p IS NOT NULL")
con.execute("""CREATE TABLE held AS SELECT c, o FROM (SELECT c, o, row_number() OVER (PARTITION BY c ORDER BY min(t) DESC, o DESC) AS n
    FROM lines GROUP BY c, o) WHERE n = 1""")
train = con.execute("SELECT c, p, count(DISTINCT o) n FROM lines ANTI JOIN held USING (c, o) GROUP BY c, p").df()
later = con.execute("SELECT DISTINCT c, p FROM lines SEMI JOIN held USING (c, o)").df()
customers, products = np.sort(train.c.unique()), np.sort(train.p.unique())
m = sp.csr_matrix((train.n.astype(np.float32), (np.searchsorted(customers, train.c), np.searchsorted(products, train.p))))
had = set(zip(train.c, train.p))
later = later[[c in set_ and (rebuy or (c, p) not in had) for set_ in [set(customers)] for c, p in zip(later.c, later.p)]]
truth = later.groupby("c").p.apply(set)
users = np.searchsorted(customers, truth.index.values)
discount = 1 / np.log2(np.arange(K) + 2)


def measure(name, model):
    model.fit(m, show_progress=False)
    ids, _ = model.recommend(users, m[users], N=K, filter_already_liked_items=not rebuy)
    sums = np.zeros(4)
    for row, wanted in zip(ids, truth):
        hit = np.array([i >= 0 and products[i] in wanted for i in row])
        best = min(K, len(wanted))
        sums += hit.sum() / K, hit.sum() / len(wanted), (hit * discount).sum() / discount[:best].sum(), (np.cumsum(hit) / np.arange(1, K + 1) * hit).sum() / best
    print(name, len(users), "users: precision %.4f recall %.4f ndcg %.4f map %.4f" % tuple(sums / len(users)), flush=True)


measure("CosineRecommender(K=20)", CosineRecommender(K=20, num_threads=2))
measure("BM25Recommender(K=20)", BM25Recommender(K=20, num_threads=2))
for seed in (1, 2, 3):
    measure(f"AlternatingLeastSquares(64), seed {seed}", AlternatingLeastSquares(64, iterations=15, num_threads=2, random_state=seed))
