"""SciPy's solve_ivp on one of our models, with the exact Jacobian."""

import sys

import numpy as np
import scipy
from scipy.integrate import solve_ivp

from server import Model, Task, serve

model, task = Model(sys.argv[1]), Task(*sys.argv[2:5])
METHODS = {"bdf": "BDF", "radau": "Radau", "lsoda": "LSODA", "rk45": "RK45", "dop853": "DOP853"}


def integrate(method, rtol, atol, with_grid):
    y, potential = model.y0, [model.y0[model.potential : model.potential + 1]]
    work = {"steps": 0, "rhs": 0, "jacobians": 0}
    for start, end, pace in task.segments:
        times = task.within(start, end) if with_grid else np.empty(0)
        asked = times if times.size and times[-1] == end else np.append(times, end)
        implicit = {"jac": lambda t, y: model.jac(t, y, pace)} if method in ("bdf", "radau", "lsoda") else {}
        s = solve_ivp(
            lambda t, y: model.rhs(t, y, pace), (start, end), y, METHODS[method],
            t_eval=asked, rtol=rtol, atol=atol, **implicit,
        )
        if s.status != 0:
            raise RuntimeError(s.message)
        potential.append(s.y[model.potential, : times.size])
        y = s.y[:, -1]
        work["rhs"] += int(s.nfev)
        work["jacobians"] += int(s.njev)
    del work["steps"]  # solve_ivp does not tell when it is asked for times.
    return np.concatenate(potential) if with_grid else None, work


serve("SciPy", scipy.__version__, integrate)
