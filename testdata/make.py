#!/usr/bin/env python3
"""Make the generated files of this folder again: python3 testdata/make.py ECOMCTL.

ECOMCTL is the built program (bin/ecomctl); only the standard library is needed. The files written by
hand (shop_dirty.csv, hostile.csv, small/*) are left alone. The same program gives the same bytes."""
import csv
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHOP = ["generate", "orders", "--rows", "2000", "--products", "120", "--customers", "300", "--regions", "br",
        "--seed", "7", "--from", "2024-01-01", "--days", "365"]


def path(*parts):
    full = os.path.join(HERE, *parts)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def write(name, rows, encoding="utf-8", newline="\n"):
    with open(path(*name.split("/")), "w", encoding=encoding, newline="") as f:
        csv.writer(f, lineterminator=newline).writerows(rows)


def shop(ecomctl):
    for name in ("shop.csv", "shop.ndjson", "shop.parquet"):
        subprocess.run([ecomctl, *SHOP, "-o", path(name)], check=True)
    with open(path("shop.csv"), encoding="utf-8", newline="") as f:
        return list(csv.reader(f))


def tables(rows):
    """The products and customers of the shop, as tables of their own."""
    at = {n: i for i, n in enumerate(rows[0])}
    products, customers = {}, {}
    for r in rows[1:]:
        products.setdefault(int(r[at["product_id"]]), [r[at["product_name"]], r[at["category"]]])
        if r[at["customer_id"]]:
            customers.setdefault(int(r[at["customer_id"]]), [r[at["region"]], r[at["city"]]])
    write("products.csv", [["product_id", "product_name", "category"]] + [[k, *products[k]] for k in sorted(products)])
    write("customers.csv", [["customer_id", "region", "city"]] + [[k, *customers[k]] for k in sorted(customers)])


def hive(rows):
    """The lines of the first quarter in folders by month and status; those columns are only in the folders' names."""
    at = {n: i for i, n in enumerate(rows[0])}
    keep = [i for n, i in at.items() if n != "status"]
    parts = {}
    for r in rows[1:]:
        month = r[at["order_ts"]][:7]
        if month <= "2024-03":
            parts.setdefault((month, r[at["status"]]), []).append([r[i] for i in keep])
    for (month, status), lines in sorted(parts.items()):
        write(f"hive/month={month}/status={status}/lines.csv", [[rows[0][i] for i in keep]] + lines)


def chinese(ecomctl):
    """A Chinese export: Chinese names and headers, GB18030 and UTF-8 with BOM."""
    raw = subprocess.run([ecomctl, *SHOP[:4], "--products", "60", "--customers", "80", "--regions", "cn", "--lang", "zh",
                          "--seed", "8", "--days", "200", "--format", "csv"], check=True, capture_output=True).stdout.decode()
    rows = list(csv.reader(raw.splitlines()))[:401]
    names = {"order_id": "订单编号", "order_ts": "下单时间", "customer_id": "客户编号", "product_id": "商品编号", "product_name": "商品名称",
             "category": "商品类目", "quantity": "数量", "unit_price": "单价", "discount": "优惠金额", "region": "省份", "city": "城市",
             "status": "订单状态", "payment": "支付方式", "channel": "渠道", "currency": "币种"}
    rows[0] = [names[n] for n in rows[0]]
    write("shop_zh.csv", rows, "utf-8-sig", "\r\n")
    write("shop_zh_gb18030.csv", rows, "gb18030", "\r\n")


def clicks():
    """A thousand sessions of a web shop: view, cart, purchase, with their losses; times in order."""
    rng = random.Random(20240101)
    rows = []
    t = 1_704_067_200
    for session in range(1000):
        t += rng.randrange(20, 1500)
        user = f"u{int(400 * rng.random() ** 2):03d}"
        at, product = t, rng.randrange(60)
        for kind, chance in (("view", 1), ("view", 0.6), ("view", 0.5), ("cart", 0.35), ("purchase", 0.45)):
            if rng.random() >= chance:
                break
            rows.append((at, user, kind, f"s{session:04d}", f"P{product:03d}", f"cat_{product % 7}", f"{5 + product * 1.5:.2f}"))
            at += rng.randrange(5, 400)
            if kind == "view":
                product = rng.randrange(60)
    rows.sort(key=lambda r: r[0])
    import datetime
    out = [["user_id", "event_ts", "event_type", "session_id", "product_id", "category", "price"]]
    for at, user, kind, session, product, category, price in rows:
        out.append([user, datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), kind, session, product, category, price])
    write("clicks.csv", out)


def olist():
    """A folder of the shape of the Olist data set: 300 orders, all values invented."""
    rng = random.Random(1)

    def key(kind, n):
        return f"{kind}{n:031x}"

    categories = [("cama_mesa_banho", "bed_bath_table"), ("beleza_saude", "health_beauty"), ("esporte_lazer", "sports_leisure"),
                  ("moveis_decoracao", "furniture_decor"), ("informatica_acessorios", "computers_accessories"), ("pc_gamer", None)]
    write("olist/product_category_name_translation.csv", [["product_category_name", "product_category_name_english"]] + [list(c) for c in categories if c[1]])
    products = [[key("a", n), "" if n % 17 == 0 else categories[n % len(categories)][0], 40 + n % 9, 500, 1 + n % 4, 200 + n, 20, 10, 15] for n in range(40)]
    write("olist/olist_products_dataset.csv", [["product_id", "product_category_name", "product_name_lenght", "product_description_lenght",
          "product_photos_qty", "product_weight_g", "product_length_cm", "product_height_cm", "product_width_cm"]] + products)
    customers, orders, items, payments = [], [], [], []
    places = [("sao paulo", "SP"), ("rio de janeiro", "RJ"), ("belo horizonte", "MG"), ("curitiba", "PR")]
    for n in range(300):
        city, state = places[int(4 * rng.random() ** 2)]
        customers.append([key("c", n), key("b", int(220 * rng.random() ** 1.4)), f"{1000 + n:05d}", city, state])
        day = 1 + n * 360 // 300
        month, dom = min(12, 1 + (day - 1) // 30), 1 + (day - 1) % 30 % 28
        bought = f"2017-{month:02d}-{dom:02d} {8 + n % 14:02d}:{n * 7 % 60:02d}:{n * 13 % 60:02d}"
        status = rng.choices(["delivered", "shipped", "canceled", "unavailable", "invoiced"], [93, 3, 2, 1, 1])[0]
        orders.append([key("d", n), key("c", n), status, bought, bought, bought if status == "delivered" else "", bought if status == "delivered" else "", bought[:10] + " 00:00:00"])
        if status == "unavailable":
            continue  # as in the original: orders without lines
        total = 0
        for item in range(1, rng.choices([1, 2, 3], [85, 12, 3])[0] + 1):
            cents = rng.randrange(990, 30000)
            total += cents + 1500
            items.append([key("d", n), item, products[int(40 * rng.random() ** 2)][0], key("e", n % 11), bought, f"{cents / 100:.2f}", "15.00"])
        first = total if n % 9 else total // 3  # some orders are paid in two ways: payments are never joined to lines
        payments.append([key("d", n), 1, rng.choice(["credit_card", "boleto", "debit_card"]), 1 + n % 6, f"{first / 100:.2f}"])
        if first != total:
            payments.append([key("d", n), 2, "voucher", 1, f"{(total - first) / 100:.2f}"])
    write("olist/olist_customers_dataset.csv", [["customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"]] + customers)
    write("olist/olist_orders_dataset.csv", [["order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
          "order_delivered_carrier_date", "order_delivered_customer_date", "order_estimated_delivery_date"]] + orders)
    write("olist/olist_order_items_dataset.csv", [["order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price", "freight_value"]] + items)
    write("olist/olist_order_payments_dataset.csv", [["order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"]] + payments)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = shop(sys.argv[1])
    tables(rows)
    hive(rows)
    chinese(sys.argv[1])
    clicks()
    olist()


if __name__ == "__main__":
    main()
