"""The training step of a neural map by JAX or PyTorch, timed on request. See README.md.

    neural_map.py FRAMEWORK BATCH WIDTH

Three states, one control parameter, mean squared error, Adam: what `MapTrainer` does in a step, on the same
random batch, in 32-bit numbers, on one thread. The sub-networks are computed side by side.
"""

import json
import os
import sys
import time

framework, batch, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):
    # One processor: threads of the framework would otherwise help.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np

STATES = 3
random = np.random.default_rng(0)
u = random.standard_normal((batch, STATES)).astype("f4")
p = random.uniform(-1, 1, (batch, 1)).astype("f4")
target = (u + 0.01 * np.tanh(u[:, [1, 2, 0]])).astype("f4")
others = [[1, 2], [0, 2], [0, 1]]
shapes = {
    "a": (STATES, 1, width), "alpha": (STATES, 1, width), "A": (STATES, 2, width), "B": (STATES, 1, width),
    "beta": (STATES, 1, width), "b": (STATES, width, 1), "gamma": (STATES, 1, 1),
}
first = {name: (random.standard_normal(shape) * 0.1).astype("f4") for name, shape in shapes.items()}
own = np.stack([u[:, i : i + 1] for i in range(STATES)])
other = np.stack([u[:, o] for o in others])
wanted = np.ascontiguousarray(target.T[:, :, None])

if framework == "jax":
    import jax
    import jax.numpy as jnp
    import optax

    own, other, p, wanted = map(jnp.asarray, (own, other, p, wanted))

    def loss(w):
        h = jnp.tanh(other @ w["A"] + p @ w["B"] + w["beta"])
        v = own + jnp.tanh(own * w["a"] + w["alpha"] + h) @ w["b"] + w["gamma"]
        return jnp.mean((v - wanted) ** 2)

    adam = optax.adam(1e-3)

    @jax.jit
    def update(w, state):
        value, gradient = jax.value_and_grad(loss)(w)
        change, state = adam.update(gradient, state, w)
        return optax.apply_updates(w, change), state, value

    now = [jax.tree.map(jnp.asarray, first)]
    now.append(adam.init(now[0]))

    def step():
        now[0], now[1], value = update(now[0], now[1])
        return value

    wait, version = jax.block_until_ready, jax.__version__
elif framework == "torch":
    import torch

    torch.set_num_threads(1)
    own, other, p, wanted = map(torch.from_numpy, (own, other, p, wanted))
    w = {name: torch.nn.Parameter(torch.from_numpy(value)) for name, value in first.items()}
    adam = torch.optim.Adam(list(w.values()), 1e-3)

    def step():
        adam.zero_grad()
        h = torch.tanh(torch.bmm(other, w["A"]) + p @ w["B"] + w["beta"])
        v = own + torch.bmm(torch.tanh(own * w["a"] + w["alpha"] + h), w["b"]) + w["gamma"]
        value = ((v - wanted) ** 2).mean()
        value.backward()
        adam.step()
        return value

    wait, version = (lambda value: value.item()), torch.__version__
else:
    sys.exit(f"no framework is called {framework}")

before = float(wait(step()))
for _ in range(20):
    last = step()
wait(last)


def timed(seconds):
    """CPU times of a step in µs: blocks of steps, so that the clock costs nothing."""
    times, begin = [], time.process_time()
    while time.process_time() - begin < seconds or not times:
        start = time.process_time()
        for _ in range(10):
            value = step()
        wait(value)
        times.append((time.process_time() - start) * 1e5)
    return times


print(json.dumps({"ok": True, "name": framework, "version": version}), flush=True)
for line in sys.stdin:
    words = line.split()
    try:
        print(json.dumps({"ok": True, "us": timed(float(words[-1]))}), flush=True)
    except Exception as error:  # The reader must hear of everything.
        print(json.dumps({"ok": False, "error": str(error)}), flush=True)
