"""Middle of the chain: calls the leaf, sometimes twice, sometimes not at all."""

import os
import random

from common import Downstream, serve, wait

leaf = Downstream(int(os.environ["LEAF_PORT"]))


def work(serving):
    if random.random() < 0.04:
        return 503, {"error": "busy"}
    wait(1, 40)
    status = leaf.call("/leaf", serving)
    if status != 200 or random.random() < 0.25:
        status = leaf.call("/leaf", serving)
    return status, {"status": status}


serve(work)
