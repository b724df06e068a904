"""What the Python rivals of `compare infer` share: the threads, the networks, the requests. See README.md."""

import json
import os
import sys
import time

THREADS, ROWS = int(sys.argv[1]), int(sys.argv[2])
# Before any framework is imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

import numpy as np

INPUTS, OUTPUTS = 3, 2


def network(name):
    """Weights and biases of a network such as 32x3: three layers of 32."""
    width, depth = map(int, name.split("x"))
    sizes = [INPUTS] + [width] * depth + [OUTPUTS]
    rng = np.random.default_rng(1)
    draw = lambda n, shape: rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), shape).astype("f4")
    return [(draw(n, (n, m)), draw(n, m)) for n, m in zip(sizes, sizes[1:])]


def rows():
    return np.random.default_rng(0).uniform(-1, 1, (ROWS, INPUTS)).astype("f4")


def serve(name, version, make):
    """Answers `time NETWORK/MODE/CHUNK _ _ SECONDS`. `make(network, mode, chunk)` gives a function that
    takes all rows through a network and waits for the results."""
    clock = time.process_time if THREADS == 1 else time.perf_counter

    def answer(**fields):
        print(json.dumps(fields), flush=True)

    answer(ok=True, name=name, version=version)
    made = {}
    for line in sys.stdin:
        try:
            _, method, _, _, seconds = line.split()
            if method not in made:
                net, mode, chunk = method.split("/")
                made = {method: make(net, mode, int(chunk))}
                made[method]()
            times, begin = [], clock()
            while not times or clock() - begin < float(seconds):
                start = clock()
                made[method]()
                times.append((clock() - start) * 1e6)
            answer(ok=True, us=times)
        except Exception as error:  # A rival that fails is a result.
            answer(ok=False, error=f"{type(error).__name__}: {error}")
