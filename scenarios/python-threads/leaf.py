"""End of the chain: a long-tailed wait and a little work."""

import hashlib
import random

from common import serve, wait


def work(serving):
    wait(3, 80)
    digest = hashlib.sha256(serving.encode()).hexdigest()
    if random.random() < 0.04:
        return 503, {"error": "leaf"}
    return 200, {"digest": digest}


serve(work)
