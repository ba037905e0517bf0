"""Requests of several shapes to a port of 127.0.0.1: arguments `http` or `https`, the port, the number of rounds."""
import http.client
import ssl
import sys

scheme, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if scheme == "https":
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context())
else:
    connection = http.client.HTTPConnection("127.0.0.1", port)
for number in range(rounds):
    for method, path, body in (
        ("GET", f"/small/{number}", None),
        ("GET", "/large/100000", None),
        ("POST", f"/upload/{number}", b"y" * 50000),
        ("GET", "/missing/10", None),
    ):
        connection.request(method, path, body)
        connection.getresponse().read()
connection.close()
