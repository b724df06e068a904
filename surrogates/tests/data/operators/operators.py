"""Writes operators and what PyTorch makes of two pulses with them: one file for each kind of layer.

    python operators.py

The networks are the publication's (Pellegrini et al. 2025), from its definition, with its names of tensors, and
with torch.fft for the transforms. Written by torch 2.15.0 and safetensors, on one thread.
"""

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

WIDTH, MODES, LAYERS, PADDING, HIDDEN, POINTS, OUTPUTS = 6, 4, 3, 3, 8, 25, 2


class Pair(nn.Module):
    def __init__(self, a, b, c, activation, convolution=False):
        super().__init__()
        layer = (lambda i, o: nn.Conv1d(i, o, 1)) if convolution else nn.Linear
        self.mlp1, self.mlp2, self.activation = layer(a, b), layer(b, c), activation

    def forward(self, x):
        return self.mlp2(self.activation(self.mlp1(x)))


class Integral(nn.Module):
    def __init__(self):
        super().__init__()
        scale = 1 / WIDTH
        self.weights = nn.Parameter(scale * torch.rand(WIDTH, WIDTH, MODES, dtype=torch.cfloat))

    def forward(self, v):
        modes = torch.fft.rfft(v)
        kept = torch.einsum("bim,iom->bom", modes[:, :, :MODES], self.weights)
        out = torch.zeros(v.shape[0], WIDTH, v.shape[-1] // 2 + 1, dtype=torch.cfloat)
        out[:, :, :MODES] = kept
        return torch.fft.irfft(out, n=v.shape[-1])


class Operator(nn.Module):
    def __init__(self, kind, activation):
        super().__init__()
        self.kind, self.activation = kind, activation
        self.p = Pair(2, HIDDEN, WIDTH, activation)
        self.q = Pair(WIDTH, HIDDEN, OUTPUTS, activation)
        self.ws = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(LAYERS))
        self.integrals = nn.ModuleList(Integral() for _ in range(LAYERS))
        if kind == "mlp":
            self.mlps = nn.ModuleList(Pair(WIDTH, WIDTH, WIDTH, activation, True) for _ in range(LAYERS))

    def forward(self, current):
        place = torch.linspace(0, 1, POINTS).expand(current.shape[0], -1)
        v = self.p(torch.stack([place, current], -1)).permute(0, 2, 1)
        v = F.pad(v, [0, PADDING])
        for layer in range(LAYERS):
            last = layer == LAYERS - 1
            if self.kind == "residual" and last:
                break  # the publication's code passes the last residual layer by
            new = self.integrals[layer](v)
            if self.kind == "mlp":
                new = self.mlps[layer](new)
            new = new + self.ws[layer](v)
            if not last:
                new = self.activation(new)
            v = v + new if self.kind == "residual" else new
        return self.q(v[:, :, :POINTS].permute(0, 2, 1))


def main():
    torch.set_num_threads(1)
    real = lambda t: torch.view_as_real(t) if t.is_complex() else t
    for kind, activation in [("classic", torch.tanh), ("mlp", F.gelu), ("residual", F.leaky_relu)]:
        torch.manual_seed(len(kind))
        operator = Operator(kind, activation)
        current = torch.zeros(2, POINTS)
        current[0, :7], current[1, :15] = 1.5, -0.75
        with torch.no_grad():
            states = operator(current)
        tensors = {name: real(t).contiguous() for name, t in operator.state_dict().items()}
        save_file(tensors | {"example.current": current, "example.states": states}, f"{kind}.safetensors")


if __name__ == "__main__":
    main()
