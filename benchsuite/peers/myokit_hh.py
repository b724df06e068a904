"""Myokit's CVODES simulation of the squid axon: its own C code, generated from hodgkin_huxley.mmt."""

import os
import sys

import myokit
import numpy as np

from server import Task, serve

task = Task(*sys.argv[2:5])
model = myokit.load_model(os.path.join(os.path.dirname(os.path.abspath(__file__)), "hodgkin_huxley.mmt"))
model.get("membrane.amplitude").set_rhs(float(os.environ["IONIC_AMPLITUDE"]))
protocol = myokit.Protocol()
for start, end, pace in task.segments:
    if pace:
        protocol.schedule(level=pace, start=start, duration=end - start)
simulation = myokit.Simulation(model, protocol)
end = task.segments[-1][1]


def integrate(_method, rtol, atol, with_grid):
    simulation.reset()
    simulation.set_tolerance(atol, rtol)
    if not with_grid:
        simulation.run(end, log=myokit.LOG_NONE)
        return None, {"steps": simulation.last_number_of_steps(), "rhs": simulation.last_number_of_evaluations()}
    # A log leaves out the end.
    log = simulation.run(end, log=["membrane.V"], log_times=task.grid[:-1])
    final = simulation.state()[0]
    return np.append(np.array(log["membrane.V"]), final), {}


serve("Myokit", myokit.__version__, integrate)
