"""Connection threads hand their requests over to four workers (ThreadPoolExecutor) and write the answers that these come to."""

import os
import random
from concurrent.futures import ThreadPoolExecutor

from common import Downstream, serve, wait

middle = Downstream(int(os.environ["MIDDLE_PORT"]))
workers = ThreadPoolExecutor(max_workers=4)


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


serve(lambda serving: workers.submit(work, serving).result())
