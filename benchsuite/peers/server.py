"""What the Python rivals share: the library, the requests. See README.md."""

import ctypes
import json
import sys
import time

import numpy as np


class Model:
    """A model of the C library."""

    def __init__(self, path):
        self.library = library = ctypes.CDLL(path)
        self.n, self.potential = library.model_n(), library.model_v()
        if self.n < 1:
            sys.exit(2)
        pointer, double = ctypes.c_void_p, ctypes.c_double
        for function in (library.model_rhs, library.model_jac):
            function.argtypes, function.restype = (double, pointer, pointer, double), None
        self.y0 = np.empty(self.n)
        library.model_y0(ctypes.c_void_p(self.y0.ctypes.data))

    def rhs(self, t, y, pace):
        y, dy = np.ascontiguousarray(y), np.empty(self.n)
        self.library.model_rhs(t, y.ctypes.data, dy.ctypes.data, pace)
        return dy

    def jac(self, t, y, pace):
        y, jac = np.ascontiguousarray(y), np.empty((self.n, self.n), order="F")
        self.library.model_jac(t, y.ctypes.data, jac.ctypes.data, pace)
        return jac


class Task:
    """What is to be integrated: segments (start, end, pace), and the grid."""

    def __init__(self, segments, step, count):
        self.segments = [tuple(map(float, s.split(":"))) for s in segments.split(",")]
        self.grid = np.arange(int(count) + 1) * float(step)

    def within(self, start, end):
        """The grid's times in (start, end]."""
        rounding = 1e-12 * (1 + abs(end))
        return np.minimum(self.grid[(self.grid > start + rounding) & (self.grid <= end + rounding)], end)


def serve(name, version, integrate):
    """Answers requests. `integrate(method, rtol, atol, with_grid)` returns (V on the grid or None, work)."""

    def answer(**fields):
        print(json.dumps(fields), flush=True)

    answer(ok=True, name=name, version=version)
    for line in sys.stdin:
        try:
            task, method, rtol, atol, last = line.split()
            rtol, atol = float(rtol), float(atol)
            if task == "grid":
                integrate(method, rtol, atol, True)[0].astype("<f8").tofile(last)
                answer(ok=True)
                continue
            times, begin = [], time.thread_time()
            while not times or (time.thread_time() - begin < float(last) and len(times) < 4096):
                start = time.thread_time()
                _, work = integrate(method, rtol, atol, False)
                times.append((time.thread_time() - start) * 1e6)
            answer(ok=True, us=times, **work)
        except Exception as error:  # A rival that fails is a result.
            answer(ok=False, error=f"{type(error).__name__}: {error}")
