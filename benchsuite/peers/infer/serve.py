"""What the Python rivals of `compare infer` share: the threads, the clock. See README.md."""

import os
import sys
import time

THREADS, ROWS = int(sys.argv[1]), int(sys.argv[2])
# Before any framework is imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

from networks import answer


def serve(name, version, make):
    """Answers requests whose number is a chunk. `make(network, mode, chunk)` gives a function that takes all rows
    through a network and waits for the results."""
    clock = time.process_time if THREADS == 1 else time.perf_counter
    made = {}

    def timed(network, mode, chunk, seconds):
        method = network, mode, chunk
        if method not in made:
            made.clear()
            made[method] = make(*method)
            made[method]()
        times, begin = [], clock()
        while not times or clock() - begin < seconds:
            start = clock()
            made[method]()
            times.append((clock() - start) * 1e6)
        return times

    answer(name, version, timed)
