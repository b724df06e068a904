"""Inference in PyTorch: eager, blocks of rows, SiLU in place."""

from serve import ROWS, THREADS, serve
from networks import OUTPUTS, network, rows

import torch

torch.set_num_threads(THREADS)


def make(name, mode, chunk):
    layers = []
    for w, b in network(name):
        linear = torch.nn.Linear(*w.shape)
        linear.weight.data, linear.bias.data = torch.from_numpy(w.T.copy()), torch.from_numpy(b)
        layers += [linear, torch.nn.SiLU(inplace=True)]
    net = torch.nn.Sequential(*layers[:-1]).eval()
    x, y = torch.from_numpy(rows(ROWS)), torch.empty(ROWS, OUTPUTS)

    @torch.inference_mode()
    def run():
        for i in range(0, ROWS, chunk):
            y[i : i + chunk] = net(x[i : i + chunk])

    return run


serve("PyTorch", torch.__version__, make)
