"""The Fourier neural operator of `compare train` in PyTorch, trained or (`forward`) only run: the architecture of the publication's code (classic
layers, GELU), relative L2 loss, AdamW. `eager` uses the library's fast transform; `fused` the form that was faster in
trials: the kept modes as two matrix products, and AdamW's fused kernel."""

import math

import torch
from work import OPERATOR, trajectories

BATCH, N, WIDTH, MODES, LAYERS, HIDDEN, OUTPUTS = OPERATOR


class Fast(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.rand(WIDTH, WIDTH, MODES, dtype=torch.cfloat) / WIDTH**2)

    def forward(self, x):
        kept = torch.fft.rfft(x)[:, :, :MODES]
        return torch.fft.irfft(torch.einsum("bim,iom->bom", kept, self.w), n=N)


class Products(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.re = torch.nn.Parameter(torch.rand(MODES, WIDTH, WIDTH) / WIDTH**2)
        self.im = torch.nn.Parameter(torch.rand(MODES, WIDTH, WIDTH) / WIDTH**2)
        angle = torch.arange(N, dtype=torch.float64)[:, None] * torch.arange(MODES, dtype=torch.float64) * (2 * math.pi / N)
        scale = torch.full((MODES,), 2.0 / N, dtype=torch.float64)
        scale[0] = 1.0 / N
        table = lambda s: torch.cat([torch.cos(angle) * s, -torch.sin(angle) * s], 1).float()
        self.analysis = table(1.0)
        self.synthesis = table(scale).T.contiguous()

    def forward(self, x):
        kept = x @ self.analysis
        re, im = (part.permute(2, 0, 1) for part in (kept[..., :MODES], kept[..., MODES:]))
        real = torch.bmm(re, self.re) - torch.bmm(im, self.im)
        imaginary = torch.bmm(re, self.im) + torch.bmm(im, self.re)
        return torch.cat([real.permute(1, 2, 0), imaginary.permute(1, 2, 0)], -1) @ self.synthesis


class Operator(torch.nn.Module):
    def __init__(self, convolution):
        super().__init__()
        self.p = torch.nn.Sequential(torch.nn.Linear(2, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, WIDTH))
        self.k = torch.nn.ModuleList(convolution() for _ in range(LAYERS))
        self.w = torch.nn.ModuleList(torch.nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(LAYERS))
        self.q = torch.nn.Sequential(torch.nn.Linear(WIDTH, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, OUTPUTS))

    def forward(self, x):
        v = self.p(x).permute(0, 2, 1)
        for i, (k, w) in enumerate(zip(self.k, self.w)):
            v = k(v) + w(v)
            if i + 1 < LAYERS:
                v = torch.nn.functional.gelu(v)
        return self.q(v.permute(0, 2, 1))


def make(mode, training):
    net = Operator(Products if mode == "fused" else Fast)
    if not training:
        x = torch.from_numpy(trajectories()[0])
        return torch.inference_mode()(lambda: net(x))
    adam = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=1e-4, fused=mode == "fused" or None)
    x, y = map(torch.from_numpy, trajectories())

    def step():
        adam.zero_grad()
        error = net(x) - y
        (error.norm(dim=1) / y.norm(dim=1)).mean().backward()
        adam.step()

    return step
