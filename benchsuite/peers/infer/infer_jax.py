"""Inference in JAX, compiled: blocks of rows in a loop of the compiler, or features first (`columns`)."""

from serve import ROWS, THREADS, serve
from networks import INPUTS, OUTPUTS, network, rows

import os

if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp


def make(name, mode, chunk):
    layers = [(jnp.asarray(w), jnp.asarray(b)) for w, b in network(name)]
    by_columns = mode == "columns"

    def net(x):
        for i, (w, b) in enumerate(layers):
            x = w.T @ x + b[:, None] if by_columns else x @ w + b
            if i < len(layers) - 1:
                x = jax.nn.silu(x)
        return x

    x = jnp.asarray(rows(ROWS))
    whole, rest = divmod(ROWS, chunk)
    if by_columns:
        x = x.T.copy()
    if whole == 1 and rest == 0:
        run = jax.jit(net)
    elif by_columns:
        blocks = lambda x: x.reshape(INPUTS, whole, chunk).swapaxes(0, 1)
        body = lambda x: jax.lax.map(net, blocks(x[:, : whole * chunk])).swapaxes(0, 1).reshape(OUTPUTS, -1)
        run = jax.jit(lambda x: jnp.concatenate([body(x), net(x[:, whole * chunk :])], 1) if rest else body(x))
    else:
        body = lambda x: jax.lax.map(net, x[: whole * chunk].reshape(whole, chunk, INPUTS)).reshape(-1, OUTPUTS)
        run = jax.jit(lambda x: jnp.concatenate([body(x), net(x[whole * chunk :])]) if rest else body(x))
    return lambda: jax.block_until_ready(run(x))


serve("JAX", jax.__version__, make)
