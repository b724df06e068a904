"""Inference on a GPU in JAX, compiled, with and without tf32, by the clock over ten batches at a time. See README.md."""

import os
import sys
import time

from networks import answer, network, rows

os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
import jax
import jax.numpy as jnp

TIMES = int(sys.argv[1])
if jax.default_backend() != "gpu":
    sys.exit("JAX finds no GPU")


def timed(name, mode, count, _):
    layers = [(jnp.asarray(w), jnp.asarray(b)) for w, b in network(name)]
    x = jnp.asarray(rows(count))

    @jax.jit
    def net(x):
        for i, (w, b) in enumerate(layers):
            x = x @ w + b
            if i < len(layers) - 1:
                x = jax.nn.silu(x)
        return x

    with jax.default_matmul_precision("tensorfloat32" if mode == "jit-tf32" else "highest"):
        for _ in range(3):
            net(x).block_until_ready()
        times = []
        for _ in range(TIMES):
            start = time.perf_counter()
            for _ in range(10):
                last = net(x)
            last.block_until_ready()
            times.append((time.perf_counter() - start) * 1e5)
    return times


answer("JAX", jax.__version__, timed)
