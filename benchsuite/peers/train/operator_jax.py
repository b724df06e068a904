"""The Fourier neural operator of `compare train` in JAX: the same as operator_torch.py. `jit` uses the library's fast
transform, `scan` the kept modes as matrix products, ten steps in a loop of the compiler; without training, one batch at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from work import OPERATOR, trajectories

BATCH, N, WIDTH, MODES, LAYERS, HIDDEN, OUTPUTS = OPERATOR
ANGLE = np.arange(N)[:, None] * np.arange(MODES) * 2 * np.pi / N
SCALE = np.where(np.arange(MODES) == 0, 1.0, 2.0) / N
COS, SIN = jnp.asarray(np.cos(ANGLE), jnp.float32), jnp.asarray(np.sin(ANGLE), jnp.float32)
COS_BACK, SIN_BACK = COS * SCALE.astype("f4"), SIN * SCALE.astype("f4")


def parameters():
    rng = np.random.default_rng(1)
    draw = lambda n, *shape: jnp.asarray(rng.uniform(-1, 1, shape) / np.sqrt(n), jnp.float32)
    dense = lambda n, m: (draw(n, n, m), draw(n, m))
    spectral = lambda: jnp.asarray(rng.uniform(0, 1, (MODES, WIDTH, WIDTH)) / WIDTH**2, jnp.float32)
    layers = [(spectral(), spectral(), dense(WIDTH, WIDTH)) for _ in range(LAYERS)]
    return dense(2, HIDDEN), dense(HIDDEN, WIDTH), layers, dense(WIDTH, HIDDEN), dense(HIDDEN, OUTPUTS)


def make(mode, training):
    def convolution(v, re, im):
        if mode == "jit":
            kept = jnp.fft.rfft(v, axis=1)[:, :MODES]
            return jnp.fft.irfft(jnp.einsum("bmi,mio->bmo", kept, re + 1j * im), n=N, axis=1)
        cos, sin = jnp.einsum("bni,nm->mbi", v, COS), jnp.einsum("bni,nm->mbi", v, SIN)
        real, imaginary = cos @ re + sin @ im, cos @ im - sin @ re
        return jnp.einsum("mbo,nm->bno", real, COS_BACK) - jnp.einsum("mbo,nm->bno", imaginary, SIN_BACK)

    def net(p, x):
        apply = lambda layer, v: v @ layer[0] + layer[1]
        gelu = lambda z: jax.nn.gelu(z, approximate=False)
        v = apply(p[1], gelu(apply(p[0], x)))
        for i, (re, im, w) in enumerate(p[2]):
            v = convolution(v, re, im) + apply(w, v)
            v = gelu(v) if i + 1 < LAYERS else v
        return apply(p[4], gelu(apply(p[3], v)))

    x, y = map(jnp.asarray, trajectories())
    if not training:
        run, p = jax.jit(net), parameters()
        return lambda: jax.block_until_ready(run(p, x)), 1
    size = jnp.linalg.norm(y, axis=1)
    optimiser = optax.adamw(1e-3, weight_decay=1e-4)

    def one(state, _):
        p, moments = state
        loss = lambda p: jnp.mean(jnp.linalg.norm(net(p, x) - y, axis=1) / size)
        value, gradient = jax.value_and_grad(loss)(p)
        change, moments = optimiser.update(gradient, moments, p)
        return (optax.apply_updates(p, change), moments), value

    count = 10 if mode == "scan" else 1
    if mode == "scan":
        steps = jax.jit(lambda state: jax.lax.scan(one, state, None, length=count), donate_argnums=0)
    else:
        steps = jax.jit(lambda state: one(state, None), donate_argnums=0)
    p = parameters()
    state = [(p, optimiser.init(p))]

    def step():
        state[0], value = steps(state[0])
        jax.block_until_ready(value)

    return step, count
