"""Orders and stock in MariaDB: a connection for each request under way, kept in a pool."""

import contextlib
import queue

import pymysql

SCHEMA = [
    "CREATE TABLE IF NOT EXISTS orders (number INT PRIMARY KEY, customer VARCHAR(40))",
    "CREATE TABLE IF NOT EXISTS items (number INT, sku VARCHAR(40), quantity INT, KEY (number))",
    "CREATE TABLE IF NOT EXISTS stock (sku VARCHAR(40) PRIMARY KEY, pieces INT)",
]


class DatabaseOrders:
    def __init__(self, port, orders, stock, size=8):
        self._port = port
        self._pool = queue.LifoQueue()
        for _ in range(size):
            self._pool.put(None)
        self._fill(orders, stock)

    @contextlib.contextmanager
    def _cursor(self):
        connection = self._pool.get()
        try:
            if connection is None:
                connection = pymysql.connect(
                    host="127.0.0.1", port=self._port, user="root", database="test", autocommit=True
                )
            with connection.cursor() as cursor:
                yield cursor
        except pymysql.OperationalError:
            # The next one makes itself a new connection.
            connection = None
            raise
        finally:
            self._pool.put(connection)

    def _fill(self, orders, stock):
        with self._cursor() as cursor:
            for statement in SCHEMA:
                cursor.execute(statement)
            for number, items in orders.items():
                cursor.execute("REPLACE INTO orders VALUES (%s, %s)", (number, f"customer-{number % 7}"))
                cursor.executemany(
                    "INSERT INTO items VALUES (%s, %s, %s)",
                    [(number, item["sku"], item["quantity"]) for item in items],
                )
            cursor.executemany("REPLACE INTO stock VALUES (%s, %s)", list(stock.items()))

    def items(self, number):
        with self._cursor() as cursor:
            if number % 20 == 13:
                # A bug of the shop: old orders are looked for in a table that was dropped.
                cursor.execute("SELECT sku, quantity FROM orders_archive WHERE number = %s", (number,))
            if not cursor.execute("SELECT customer FROM orders WHERE number = %s", (number,)):
                return None
            cursor.execute("SELECT sku, quantity FROM items WHERE number = %s", (number,))
            return [{"sku": sku, "quantity": quantity} for sku, quantity in cursor.fetchall()]

    def left(self, sku):
        with self._cursor() as cursor:
            cursor.execute("SELECT pieces FROM stock WHERE sku = %s", (sku,))
            row = cursor.fetchone()
            return None if row is None else row[0]
