"""Training steps in JAX, compiled: one at a time (`jit`), or many in a loop of the compiler (`scan`)."""

from work import batches, equations, map_parameters, pairs, parameters, serve, trajectory, DT, NETWORKS, STEPS

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
import optax

ACTIVATIONS = {"silu": jax.nn.silu, "tanh": jnp.tanh, "elu": jax.nn.elu}
X, Y, POINTS, INITIAL, STATES = map(jnp.asarray, batches())
START, STATES_LATER = map(jnp.asarray, trajectory())
OWN, OTHERS, NEXT, CONTROL = map(jnp.asarray, pairs())
BY_TIME = jnp.zeros_like(POINTS).at[:, 0].set(1.0)
OPTIMISER = optax.adam(1e-3)


def make(work, network, mode):
    if work in ("fno", "forward"):
        import operator_jax

        return operator_jax.make(mode, work == "fno")
    sizes, activations = NETWORKS[network]

    def net(layers, x):
        for i, (w, b) in enumerate(layers):
            x = x @ w + b
            if i < len(activations):
                x = ACTIVATIONS[activations[i]](x)
        return x

    def data(layers):
        return 0.5 * jnp.mean(jnp.sum((net(layers, X) - Y) ** 2, 1))

    def informed(layers):
        u, du = jax.jvp(lambda x: net(layers, x), (POINTS,), (BY_TIME,))
        f = jnp.stack(equations(u[:, 0], u[:, 1]), 1)
        start = jnp.mean(jnp.sum((net(layers, INITIAL) - STATES) ** 2, 1))
        return data(layers) + jnp.mean(jnp.sum((du - f) ** 2, 1)) + start

    def ode(layers):
        def heun(y, _):
            k1 = net(layers, y)
            k2 = net(layers, y + DT * k1)
            y = y + (DT / 2) * (k1 + k2)
            return y, y

        _, states = jax.lax.scan(heun, START, None, length=STEPS)
        return jnp.mean((states - STATES_LATER[1:]) ** 2)

    def neural_map(w):
        h = jnp.tanh(OTHERS @ w["A"] + CONTROL @ w["B"] + w["beta"])
        v = OWN + jnp.tanh(OWN * w["a"] + w["alpha"] + h) @ w["b"] + w["gamma"]
        return jnp.mean((v - NEXT) ** 2)

    loss = {"data": data, "pinn": informed, "ode": ode, "map": neural_map}[work]

    def one(state, _):
        layers, moments = state
        value, gradient = jax.value_and_grad(loss)(layers)
        change, moments = OPTIMISER.update(gradient, moments, layers)
        return (optax.apply_updates(layers, change), moments), value

    count = {"jit": 1, "scan": {"ode": 20, "map": 50}.get(work, 1000)}[mode]
    if mode == "scan":
        steps = jax.jit(lambda state: jax.lax.scan(one, state, None, length=count), donate_argnums=0)
    else:
        steps = jax.jit(lambda state: one(state, None), donate_argnums=0)
    layers = jax.tree.map(jnp.asarray, map_parameters() if work == "map" else parameters(sizes))
    state = [(layers, OPTIMISER.init(layers))]

    def step():
        state[0], value = steps(state[0])
        jax.block_until_ready(value)

    return step, count


serve("JAX", jax.__version__, make)
