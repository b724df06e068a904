"""Inference on a GPU in PyTorch and JAX: seconds of the device for a batch that lies there, one line of
JSON for each network, framework and number of rows. See README.md."""

import json
import os
import statistics
import sys
import time

import numpy as np

INPUTS, OUTPUTS, TIMES = 3, 2, int(sys.argv[4])


def network(name):
    """Weights and biases of a network such as 32x3: three layers of 32."""
    width, depth = map(int, name.split("x"))
    sizes = [INPUTS] + [width] * depth + [OUTPUTS]
    rng = np.random.default_rng(1)
    draw = lambda n, shape: rng.uniform(-1 / np.sqrt(n), 1 / np.sqrt(n), shape).astype("f4")
    return [(draw(n, (n, m)), draw(n, m)) for n, m in zip(sizes, sizes[1:])]


def inputs(rows):
    return np.random.default_rng(0).uniform(-1, 1, (rows, INPUTS)).astype("f4")


def report(framework, version, name, rows, seconds):
    seconds = sorted(seconds)
    row = dict(framework=framework, version=version, network=name, rows=rows)
    print(json.dumps(row | dict(min=seconds[0], median=statistics.median(seconds))), flush=True)


def in_torch(names, counts):
    import torch

    def timed(run):
        for _ in range(5):
            run()
        all = []
        for _ in range(TIMES):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            run()
            end.record()
            end.synchronize()
            all.append(begin.elapsed_time(end) * 1e-3)
        return all

    for name in names:
        layers = []
        for w, b in network(name):
            linear = torch.nn.Linear(*w.shape)
            linear.weight.data, linear.bias.data = torch.from_numpy(w.T.copy()), torch.from_numpy(b)
            layers += [linear, torch.nn.SiLU(inplace=True)]
        net = torch.nn.Sequential(*layers[:-1]).eval().cuda()
        for rows in counts:
            x = torch.from_numpy(inputs(rows)).cuda()
            for tf32 in (False, True):
                torch.backends.cuda.matmul.allow_tf32 = tf32
                word = ", tf32" if tf32 else ""
                with torch.inference_mode():
                    report("PyTorch eager" + word, torch.__version__, name, rows, timed(lambda: net(x)))
                    who = "PyTorch compiled" + word
                    try:
                        torch._dynamo.reset()
                        fast = torch.compile(net)
                        report(who, torch.__version__, name, rows, timed(lambda: fast(x)))
                    except Exception as error:  # A rival that fails is a result.
                        row = dict(framework=who, version=torch.__version__, network=name, rows=rows)
                        print(json.dumps(row | dict(error=str(error)[:300])), flush=True)


def in_jax(names, counts):
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    import jax
    import jax.numpy as jnp

    for name in names:
        layers = [(jnp.asarray(w), jnp.asarray(b)) for w, b in network(name)]
        for rows in counts:
            x = jnp.asarray(inputs(rows))
            for precision, word in (("highest", ""), ("tensorfloat32", ", tf32")):

                @jax.jit
                def net(x):
                    for i, (w, b) in enumerate(layers):
                        x = x @ w + b
                        if i < len(layers) - 1:
                            x = jax.nn.silu(x)
                    return x

                with jax.default_matmul_precision(precision):
                    for _ in range(3):
                        net(x).block_until_ready()
                    all = []
                    for _ in range(TIMES):
                        start = time.perf_counter()
                        for _ in range(10):
                            last = net(x)
                        last.block_until_ready()
                        all.append((time.perf_counter() - start) / 10)
                report("JAX" + word, jax.__version__, name, rows, all)


names, counts = sys.argv[2].split(","), [int(rows) for rows in sys.argv[3].split(",")]
(in_torch if sys.argv[1] == "torch" else in_jax)(names, counts)
