"""Inference on a GPU in PyTorch, eager and compiled, with and without tf32, by events of the device. See README.md."""

import sys

from networks import answer, network, rows

import torch

TIMES = int(sys.argv[1])
if not torch.cuda.is_available():
    sys.exit("PyTorch finds no GPU")


def timed(name, mode, count, _):
    torch.backends.cuda.matmul.allow_tf32 = mode.endswith("-tf32")
    layers = []
    for w, b in network(name):
        linear = torch.nn.Linear(*w.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(w.T.copy()), torch.from_numpy(b)
        layers += [linear, torch.nn.SiLU(inplace=True)]
    net = torch.nn.Sequential(*layers[:-1]).eval().cuda()
    if mode.startswith("compiled"):
        torch._dynamo.reset()
        net = torch.compile(net)
    x = torch.from_numpy(rows(count)).cuda()
    times = []
    with torch.inference_mode():
        for _ in range(5):
            net(x)
        for _ in range(TIMES):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            net(x)
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) * 1e3)
    return times


answer("PyTorch", torch.__version__, timed)
