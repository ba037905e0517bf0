"""What the orders service keeps where there is no MariaDB or no Redis: the same over dictionaries."""

import threading


class MemoryOrders:
    def __init__(self, orders, stock):
        self._orders = dict(orders)
        self._stock = dict(stock)

    def items(self, number):
        if number % 20 == 13:
            # The same bug of the shop as in the database.
            raise LookupError("orders_archive is gone")
        return self._orders.get(number)

    def left(self, sku):
        return self._stock.get(sku)


class MemoryCarts:
    def __init__(self):
        self._carts = {}
        self._lock = threading.Lock()

    def add(self, user, line):
        with self._lock:
            # Nothing expires here, so a cart forgets its oldest lines.
            self._carts[user] = (self._carts.get(user, []) + [line])[-50:]
            return len(self._carts[user])

    def remembered_stock(self, sku):
        return None

    def remember_stock(self, sku, left):
        pass
