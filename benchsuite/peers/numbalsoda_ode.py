"""numbalsoda's LSODA on one of our models: compiled throughout, with difference quotients."""

import ctypes
import sys
from importlib.metadata import version

import numpy as np
from numbalsoda import lsoda

from server import Model, Task, serve

model, task = Model(sys.argv[1]), Task(*sys.argv[2:5])
address = ctypes.cast(model.library.model_rhs_data, ctypes.c_void_p).value


def integrate(_method, rtol, atol, with_grid):
    y, potential = model.y0, [model.y0[model.potential : model.potential + 1]]
    for start, end, pace in task.segments:
        times = task.within(start, end) if with_grid else np.empty(0)
        asked = np.unique(np.concatenate(([start], times, [end])))
        states, success = lsoda(address, y, asked, data=np.array([pace]), rtol=rtol, atol=atol)
        if not success:
            raise RuntimeError("LSODA gave up")
        potential.append(states[1 : 1 + times.size, model.potential])
        y = states[-1].copy()
    return np.concatenate(potential) if with_grid else None, {}


serve("numbalsoda LSODA", version("numbalsoda"), integrate)
