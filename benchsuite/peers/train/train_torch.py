"""Training steps in PyTorch: `eager` as tutorials have it, `fused` with Adam's fused kernel."""

from work import batches, equations, map_parameters, pairs, parameters, serve, trajectory, DT, NETWORKS, STEPS

import torch

torch.set_num_threads(1)
ACTIVATIONS = {"silu": torch.nn.SiLU, "tanh": torch.nn.Tanh, "elu": torch.nn.ELU}
X, Y, POINTS, INITIAL, STATES = map(torch.from_numpy, batches())
START, STATES_LATER = map(torch.from_numpy, trajectory())
OWN, OTHERS, NEXT, CONTROL = map(torch.from_numpy, pairs())


def make(work, network, mode):
    if work in ("fno", "forward"):
        import operator_torch

        return operator_torch.make(mode, work == "fno"), 1
    sizes, activations = NETWORKS[network]
    layers = []
    for i, (w, b) in enumerate(parameters(sizes)):
        linear = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
        if i < len(activations):
            layers.append(ACTIVATIONS[activations[i]]())
    net = torch.nn.Sequential(*layers)
    w = {name: torch.nn.Parameter(torch.from_numpy(v)) for name, v in map_parameters().items()}
    trained = w.values() if work == "map" else net.parameters()
    adam = torch.optim.Adam(list(trained), 1e-3, fused=mode == "fused" or None)

    def data():
        return 0.5 * ((net(X) - Y) ** 2).sum(1).mean()

    def informed():
        points = POINTS.clone().requires_grad_(True)
        u = net(points)
        du = [torch.autograd.grad(u[:, j].sum(), points, create_graph=True)[0][:, 0] for j in range(2)]
        f = equations(u[:, 0], u[:, 1])
        physics = sum(((d - f) ** 2).mean() for d, f in zip(du, f))
        return data() + physics + ((net(INITIAL) - STATES) ** 2).sum(1).mean()

    def ode():
        y, states = START, []
        for _ in range(STEPS):
            k1 = net(y)
            k2 = net(y + DT * k1)
            y = y + (DT / 2) * (k1 + k2)
            states.append(y)
        return ((torch.stack(states) - STATES_LATER[1:]) ** 2).mean()

    def neural_map():
        h = torch.tanh(torch.bmm(OTHERS, w["A"]) + CONTROL @ w["B"] + w["beta"])
        v = OWN + torch.bmm(torch.tanh(OWN * w["a"] + w["alpha"] + h), w["b"]) + w["gamma"]
        return ((v - NEXT) ** 2).mean()

    loss = {"data": data, "pinn": informed, "ode": ode, "map": neural_map}[work]

    def step():
        adam.zero_grad()
        value = loss()
        value.backward()
        adam.step()

    return step, 1


serve("PyTorch", torch.__version__, make)
