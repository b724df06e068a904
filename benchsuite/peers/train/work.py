"""What the Python rivals of `compare train` share: the networks, the batches, the requests. See README.md."""

import json
import os
import sys
import time

# One thread: what is compared is the step, not the machine. Before any framework is imported.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
if hasattr(os, "sched_setaffinity"):
    # One processor. The clock below is the whole process's, but what a thread does on another processor enters it at
    # that processor's next tick, milliseconds later: blocks of steps would be charged with too little or too much.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np

BATCH = 128
NETWORKS = {
    "small": ([3, 8, 8, 2], ["silu", "elu"]),
    "mid": ([3, 32, 32, 32, 2], ["silu", "tanh", "silu"]),
    "large": ([3, 64, 64, 64, 2], ["silu", "silu", "silu"]),
    "field": ([4, 64, 64, 4], ["tanh", "tanh"]),
    # A neural map's are no such networks.
    "sub-networks": ([], []),
}
# A neural ODE's trajectory: steps of Heun's method, and their length.
STEPS, DT = 1470, 0.01


def batches():
    """Inputs and targets, collocation points, initial points and their states."""
    rng = np.random.default_rng(0)
    draw = lambda: rng.uniform(-1, 1, (BATCH, 3)).astype("f4")
    x, points, initial = draw(), draw(), draw()
    initial[:, 0] = 0
    y = np.stack([np.sin(3 * x[:, 0]) * x[:, 1], np.cos(2 * x[:, 2])], 1).astype("f4")
    return x, y, points, initial, initial[:, 1:].copy()


def trajectory():
    """Where a neural ODE starts, and the states that it is to pass."""
    start = np.array([-0.65, 0.05, 0.6, 0.32], "f4")
    wave = 0.1 * np.sin(np.arange(STEPS + 1) * (6 / STEPS))
    return start, (start + wave[:, None]).astype("f4")


def parameters(sizes):
    rng = np.random.default_rng(1)
    draw = lambda n, shape: rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), shape).astype("f4")
    return [(draw(n, (n, m)), draw(n, m)) for n, m in zip(sizes, sizes[1:])]


def equations(u, w):
    """FitzHugh–Nagumo, as problem B_S."""
    return 10 * (u * (u - 0.4) * (1 - u) - w), 0.2 * (0.2 * u - 0.8 * w)


# A neural map: states, one control parameter, neurons of each state's sub-network, pairs of a batch.
STATES, NEURONS, PAIRS = 3, 100, 1000


def pairs():
    """Of each sub-network its own state, the others, and the next state that is wanted; the control parameter."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal((PAIRS, STATES)).astype("f4")
    p = rng.uniform(-1, 1, (PAIRS, 1)).astype("f4")
    wanted = (u + 0.01 * np.tanh(u[:, [1, 2, 0]])).astype("f4")
    own, wanted = (np.ascontiguousarray(v.T[:, :, None]) for v in (u, wanted))
    return own, np.stack([u[:, o] for o in ([1, 2], [0, 2], [0, 1])]), wanted, p


def map_parameters():
    """Of all sub-networks, side by side."""
    rng = np.random.default_rng(1)
    one = dict.fromkeys(["a", "alpha", "B", "beta"], (1, NEURONS)) | {"A": (2, NEURONS), "b": (NEURONS, 1), "gamma": (1, 1)}
    return {name: (rng.standard_normal((STATES, *shape)) * 0.1).astype("f4") for name, shape in one.items()}


# The operator: batch, points, width, modes, layers, hidden neurons of lifting and projection, outputs.
OPERATOR = (32, 512, 64, 32, 4, 128, 4)


def trajectories():
    """Places and given numbers of a batch of trajectories, and wanted numbers."""
    batch, points, outputs = OPERATOR[0], OPERATOR[1], OPERATOR[-1]
    rng = np.random.default_rng(0)
    given = np.cumsum(rng.standard_normal((batch, points)), 1) / 20
    place = np.broadcast_to(np.linspace(0, 1, points), (batch, points))
    wanted = [np.sin((j + 1) * given) + place for j in range(outputs)]
    return np.stack([place, given], 2).astype("f4"), np.stack(wanted, 2).astype("f4")


def serve(name, version, make):
    """Answers `time WORK/NETWORK/MODE _ _ SECONDS`. `make(work, network, mode)` gives a function that does
    some steps and waits for them, and how many it does."""

    def answer(**fields):
        print(json.dumps(fields), flush=True)

    answer(ok=True, name=name, version=version)
    made = {}
    for line in sys.stdin:
        try:
            _, method, _, _, seconds = line.split()
            if method not in made:
                step, count = make(*method.split("/"))
                for _ in range(20 if count == 1 else 2):
                    step()
                made[method] = step, count
            step, count = made[method]
            # Blocks of 5 ms at least: the clock costs nothing beside them.
            start = time.process_time()
            step()
            repeats = max(1, int(0.005 / max(time.process_time() - start, 1e-9)))
            times, begin = [], time.process_time()
            while not times or (time.process_time() - begin < float(seconds) and len(times) < 4096):
                start = time.process_time()
                for _ in range(repeats):
                    step()
                times.append((time.process_time() - start) * 1e6 / (repeats * count))
            answer(ok=True, us=times)
        except Exception as error:  # A rival that fails is a result.
            answer(ok=False, error=f"{type(error).__name__}: {error}")
