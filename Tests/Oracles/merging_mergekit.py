"""Reference results for Merging in mergekit's convention, made with mergekit's own merge methods.

    python Tests/Oracles/merging_mergekit.py        writes Tests/Fixtures/Merging/mergekit.json

Three random matrices [6, 10] stand for three models' differences from a base of zeros. Methods that drop at random are not here:
their random numbers are mergekit's own.

Needs torch and mergekit (made with torch 2.13.0, mergekit 0.1.5).
"""

import json
import pathlib

import torch
from mergekit.merge_methods.generalized_task_arithmetic import ConsensusMethod, get_mask
from mergekit.merge_methods.sce import sce_mask, sce_weight
from mergekit.sparsify import SparsificationMethod, sparsify

OUT = pathlib.Path(__file__).resolve().parent.parent / "Fixtures" / "Merging" / "mergekit.json"
CASES = [
    # name, weights, density, consensus, gamma
    ("ties", [1, 1, 1], 0.5, "sum", 0),
    ("ties", [0.7, 1.3, 0.5], 0.8, "sum", 0),
    ("ties", [0.7, -1.3, 0.5], 0.8, "count", 0),
    ("linear", [0.5, 2, 1], 1, None, 0),
    ("breadcrumbs", [1, 0.5, 1], 0.7, None, 0.1),
    ("breadcrumbs_ties", [1, 0.5, 1], 0.6, "sum", 0.1),
    ("sce", [1, 1, 1], 0.4, "sum", 0),
    ("sce", [1, 1, 1], 1, "sum", 0),
]


def generalized(deltas, weights, method, density, consensus, gamma, normalize):
    """As GeneralizedTaskArithmeticMerge.merge_group strings mergekit's pieces together, with a base of zeros."""
    if method is not None:
        extra = dict(gamma=gamma) if method == SparsificationMethod.magnitude_outliers else {}
        deltas = torch.stack([sparsify(d, density=density, method=method, **extra) for d in deltas])
    weights = torch.tensor(weights).reshape(-1, 1, 1)
    deltas = deltas * weights
    if consensus is None:
        total, divisor = deltas.sum(dim=0), weights.sum(dim=0)
    else:
        mask = get_mask(deltas, method=ConsensusMethod(consensus), mask_dtype=deltas.dtype)
        total, divisor = (deltas * mask).sum(dim=0), (weights * mask).sum(dim=0)
        divisor[divisor == 0] = 1
    return total / divisor if normalize else total


def sce(deltas, density):
    if density < 1:
        deltas = deltas * sce_mask(deltas, density).unsqueeze(0)
    weights = sce_weight(deltas).reshape(-1, 1, 1) * get_mask(deltas, method="sum", mask_dtype=deltas.dtype)
    return (deltas * weights).sum(dim=0) / weights.sum(dim=0).clamp(min=1e-6)


def main():
    torch.manual_seed(7)
    deltas = torch.randn(3, 6, 10)
    cases = []
    for name, weights, density, consensus, gamma in CASES:
        if name == "sce":
            merged = sce(deltas, density)
        else:
            method = {"ties": SparsificationMethod.magnitude, "linear": None}.get(name, SparsificationMethod.magnitude_outliers)
            merged = generalized(deltas, weights, method, density, consensus, gamma, name in ("ties", "linear"))
        cases.append(dict(
            method=name, weights=weights, density=density, sign={"sum": "total", "count": "frequency"}.get(consensus), gamma=gamma,
            merged=merged.flatten().tolist()))
    OUT.write_text(json.dumps(dict(deltas=[d.flatten().tolist() for d in deltas], width=10, cases=cases)) + "\n")


if __name__ == "__main__":
    main()
