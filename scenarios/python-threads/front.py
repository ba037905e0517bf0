"""First service of the chain: one or two sequential calls a request."""

import os
import random

from common import Downstream, serve, wait

middle = Downstream(int(os.environ["MIDDLE_PORT"]))


def work(serving):
    if random.random() < 0.06:
        return 200, {"cached": True}
    status = middle.call("/step", serving)
    if status == 503:
        status = middle.call("/step", serving)
    wait(0.5, 20)
    if random.random() < 0.5:
        status = max(status, middle.call("/step", serving))
    if random.random() < 0.03:
        return 500, {"error": "front"}
    return (200 if status < 500 else 502), {"status": status}


serve(work)
