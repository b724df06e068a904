"""Reference numbers for src/stats, by statsmodels and SciPy.

Run with: python statistics.py > statistics.json
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

warnings.simplefilter("error")
rng = np.random.default_rng(20240917)


def table(frame, formula, types):
    out = {}
    model = smf.ols(formula, data=frame).fit()
    for kind in types:
        fitted = model
        if kind == 3:
            # Type III is defined by contrasts that sum to zero.
            fitted = smf.ols(formula.replace(")", ", Sum)"), data=frame).fit()
        rows = anova_lm(fitted, typ=kind)
        out[str(kind)] = [
            {
                "term": name.replace("C(", "").replace(", Sum)", "").replace(")", ""),
                "df": row["df"],
                "sum_sq": row["sum_sq"],
                "f": None if np.isnan(row["F"]) else row["F"],
                "p": None if np.isnan(row["PR(>F)"]) else row["PR(>F)"],
            }
            for name, row in rows.iterrows()
            if name != "Intercept"
        ]
    coefficients = {k.replace("C(", "").replace(")", "").replace("T.", ""): v for k, v in model.params.items()}
    return {
        "formula": formula,
        "data": {k: frame[k].tolist() for k in frame},
        "anova": out,
        "coefficients": coefficients,
    }


def two_way(cells):
    rows = []
    for (a, b), count in cells.items():
        for _ in range(count):
            y = {"a1": 1.0, "a2": 2.5}[a] + {"b1": 0.0, "b2": 0.7, "b3": -0.4}[b]
            y += (1.2 if (a, b) == ("a2", "b3") else 0.0) + rng.normal(0, 0.8)
            rows.append((a, b, y))
    return pd.DataFrame(rows, columns=["a", "b", "y"])


cells = [(a, b) for a in ("a1", "a2") for b in ("b1", "b2", "b3")]
balanced = two_way(dict.fromkeys(cells, 4))
unbalanced = two_way(dict(zip(cells, (3, 7, 2, 5, 1, 6))))

# As eq. 4.1: two yes-or-no factors, a covariate, twenty networks.
rows = []
for iccs in ("no", "yes"):
    for pinn in ("no", "yes"):
        for bs in (32.0, 64.0, 128.0, 512.0, 1536.0):
            y = 1e-3 + 4e-4 * (iccs == "yes") + 5.8e-4 * (pinn == "yes") - 1.6e-7 * bs
            rows.append((iccs, pinn, bs, y + rng.normal(0, 3e-4)))
batches = pd.DataFrame(rows, columns=["iccs", "pinn", "bs", "y"])

# As eq. 4.2: five shapes, neuron counts, unequal numbers.
shapes = {"rectangle": 10, "funnel": 24, "bottleneck": 23, "bowtie": 9, "diamond": 11}
rows = []
for i, (shape, count) in enumerate(shapes.items()):
    for _ in range(count):
        neurons = float(rng.choice([16, 24, 40, 48, 64, 72, 80, 96, 104]))
        rows.append((shape, neurons, 3e-3 - 2e-5 * neurons * (1 + 0.3 * i) + 4e-4 * i + rng.normal(0, 5e-4)))
shaped = pd.DataFrame(rows, columns=["shape", "neuron", "y"])

x, z = rng.normal(1.0, 1.0, 9), rng.normal(1.8, 3.0, 14)
pair = rng.normal(1.3, 1.5, 9)


def test(result):
    return {"t": result.statistic, "df": float(result.df), "p": result.pvalue}


groups = {k: v["y"].tolist() for k, v in shaped.groupby("shape")}
one_way = stats.f_oneway(*groups.values())

json.dump(
    {
        "provenance": {
            "tool": f"statsmodels {statsmodels.__version__}, SciPy {scipy.__version__}, "
            f"NumPy {np.__version__}, Python {sys.version.split()[0]}",
            "command": "python statistics.py > statistics.json",
        },
        "balanced": table(balanced, "y ~ C(a) * C(b)", (1, 2, 3)),
        "unbalanced": table(unbalanced, "y ~ C(a) * C(b)", (1, 2, 3)),
        "batches": table(batches, "y ~ C(iccs) * bs + C(pinn) * bs", (1, 2, 3)),
        "shapes": table(shaped, "y ~ C(shape) * neuron", (1, 2, 3)),
        "t_tests": {
            "x": x.tolist(),
            "z": z.tolist(),
            "pair": pair.tolist(),
            "student": test(stats.ttest_ind(x, z)),
            "welch": test(stats.ttest_ind(x, z, equal_var=False)),
            "paired": test(stats.ttest_rel(x, pair)),
        },
        "one_way": {"f": one_way.statistic, "p": one_way.pvalue},
    },
    sys.stdout,
    indent=1,
)
print()
