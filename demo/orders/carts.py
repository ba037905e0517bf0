"""Carts, and what is remembered of the stock for a while, in Redis."""

import json

import redis

CART_SECONDS = 600
STOCK_SECONDS = 2


class RedisCarts:
    def __init__(self, port):
        self._redis = redis.Redis(host="127.0.0.1", port=port, decode_responses=True)

    def add(self, user, line):
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.rpush(f"cart:{user}", json.dumps(line))
            pipeline.expire(f"cart:{user}", CART_SECONDS)
            return pipeline.execute()[0]

    def remembered_stock(self, sku):
        left = self._redis.get(f"stock:{sku}")
        return None if left is None else int(left)

    def remember_stock(self, sku, left):
        self._redis.set(f"stock:{sku}", left, ex=STOCK_SECONDS)
