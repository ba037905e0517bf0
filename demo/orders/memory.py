"""What the orders service keeps when there is no Redis: the same few commands over a dictionary."""

import threading


class Memory:
    def __init__(self):
        self._values = {}
        self._lock = threading.Lock()

    def run(self, name, key, *rest):
        with self._lock:
            if name == "MSET":
                pairs = (key, *rest)
                self._values.update(zip(pairs[::2], pairs[1::2]))
                return "OK"
            if name == "HSET":
                self._values.setdefault(key, {}).update(zip(rest[::2], rest[1::2]))
                return len(rest) // 2
            if name == "GET":
                return self._values.get(key)
            if name == "HGET":
                return self._values.get(key, {}).get(rest[0])
            if name == "RPUSH":
                values = self._values.setdefault(key, [])
                # Nothing expires here, so a cart forgets its oldest lines.
                self._values[key] = (values + list(rest))[-50:]
                return len(self._values[key])
            return 1

    def pipeline(self, *commands):
        return [self.run(*command) for command in commands]
