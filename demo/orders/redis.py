"""A small Redis client: RESP2 over blocking sockets, with a pool."""

import queue
import socket


class RedisError(Exception):
    pass


class Connection:
    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def run(self, commands):
        """Sends all commands at once and gives all replies."""
        self._socket.sendall(b"".join(encode(command) for command in commands))
        return [self._reply() for _ in commands]

    def _reply(self):
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self._reader.read(length + 2)[:-2].decode()
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        raise ConnectionError(f"Redis said {line!r}")


def encode(command):
    parts = [str(part).encode() for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Redis:
    def __init__(self, port, size=8):
        self._port = port
        self._pool = queue.LifoQueue()
        for _ in range(size):
            self._pool.put(None)

    def pipeline(self, *commands):
        connection = self._pool.get()
        try:
            if connection is None:
                connection = Connection(self._port)
            replies = connection.run(commands)
        except BaseException:
            connection = None
            raise
        finally:
            self._pool.put(connection)
        return replies

    def run(self, *command):
        return self.pipeline(command)[0]
