"""What all Python rivals of `compare infer` and `compare gpu` share: the networks, the answers. See README.md."""

import json
import sys

import numpy as np

INPUTS, OUTPUTS = 3, 2


def network(name):
    """Weights and biases of a network such as 32x3: three layers of 32."""
    width, depth = map(int, name.split("x"))
    sizes = [INPUTS] + [width] * depth + [OUTPUTS]
    rng = np.random.default_rng(1)
    draw = lambda n, shape: rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), shape).astype("f4")
    return [(draw(n, (n, m)), draw(n, m)) for n, m in zip(sizes, sizes[1:])]


def rows(count):
    return np.random.default_rng(0).uniform(-1, 1, (count, INPUTS)).astype("f4")


def answer(name, version, timed):
    """Answers `time NETWORK/MODE/NUMBER _ _ SECONDS` by the times in µs that `timed(network, mode, number, seconds)`
    gives."""

    def say(**fields):
        print(json.dumps(fields), flush=True)

    say(ok=True, name=name, version=version)
    for line in sys.stdin:
        try:
            _, method, _, _, seconds = line.split()
            net, mode, number = method.split("/")
            say(ok=True, us=timed(net, mode, int(number), float(seconds)))
        except Exception as error:  # A rival that fails is a result.
            say(ok=False, error=f"{type(error).__name__}: {error}"[:300])
