"""Orders and stock, kept in MariaDB, and carts, kept in Redis. A thread serves each connection.

GET /orders/{number}   GET /stock/{sku}   POST /carts/{user}
"""

import json
import os
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from memory import MemoryCarts, MemoryOrders

SKUS = ["anvil", "rope", "magnet", "rocket", "paint", "spring", "tunnel", "umbrella"]


def some_items():
    return [{"sku": sku, "quantity": random.randint(1, 4)} for sku in random.sample(SKUS, random.randint(1, 3))]


def open_orders():
    """What the shop has sold and still has to sell."""
    orders = {number: some_items() for number in range(1, 61)}
    stock = {sku: 0 if sku == "tunnel" else random.randint(20, 500) for sku in SKUS}
    port = os.environ.get("MARIADB_PORT")
    if port is None:
        return MemoryOrders(orders, stock)
    from database import DatabaseOrders

    return DatabaseOrders(int(port), orders, stock)


def open_carts():
    port = os.environ.get("REDIS_PORT")
    if port is None:
        return MemoryCarts()
    from carts import RedisCarts

    return RedisCarts(int(port))


shop = open_orders()
carts = open_carts()


def order(number):
    items = shop.items(int(number))
    return (404, {"error": "unknown order"}) if items is None else (200, {"id": int(number), "items": items})


def stock(sku):
    left = carts.remembered_stock(sku)
    if left is None:
        left = shop.left(sku)
        if left is None:
            return 404, {"error": "unknown product"}
        carts.remember_stock(sku, left)
    return 200, {"sku": sku, "left": left}


def add_to_cart(user, line):
    return 201, {"user": user, "lines": carts.add(user, line)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        _, place, name = self.path.split("/", 2)
        self.answer({"orders": order, "stock": stock}.get(place), name)

    def do_POST(self):
        _, place, name = self.path.split("/", 2)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"carts": add_to_cart}.get(place), name, body)

    def answer(self, work, *arguments):
        try:
            status, value = work(*arguments) if work else (404, {"error": "nothing here"})
        except Exception as error:
            status, value = 500, {"error": str(error)}
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
