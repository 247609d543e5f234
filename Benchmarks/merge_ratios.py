"""Compares `retort merge` with peft_merge.py: that the merged factors are the same, seconds in all, peak memory.

A factor may differ where the threshold ties, which random floats do not, and by the order of a sum: TOLERANCE, of the largest entry.
"""

import argparse
import json
import sys

import torch
from safetensors import safe_open

from figures import figure, note


def worst_difference(ours, theirs):
    worst = 0.0
    with safe_open(ours, "pt") as left, safe_open(theirs, "pt") as right:
        if sorted(left.keys()) != sorted(right.keys()):
            sys.exit("the merged adapters have different tensors")
        for name in left.keys():
            a, b = left.get_tensor(name), right.get_tensor(name)
            worst = max(worst, float((a - b).abs().max() / b.abs().max()))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--retort", "--peft", "--retort-out", "--peft-out", "--peft-merging"):
        parser.add_argument(name, required=True)
    parser.add_argument("--tolerance", type=float, default=1e-6)
    options = parser.parse_args()
    retort, peft, merging = (json.load(open(path)) for path in (options.retort, options.peft, options.peft_merging))
    name = "PEFT add_weighted_adapter"
    figure("merging, times as fast in all", name, 1 / retort["seconds"], 1 / peft["seconds"], "merges/s", "≥ 12", digits=3)
    figure("merging, seconds in all", name, retort["seconds"], peft["seconds"], "s", digits=1)
    figure("merging, peak memory", name, retort["peak_resident_bytes"] / 2**20, peft["peak_resident_bytes"] / 2**20, "MiB", "≤ 0.12")
    worst = worst_difference(options.retort_out + "/adapter_model.safetensors", options.peft_out + "/adapter_model.safetensors")
    note(f"merging: PEFT's add_weighted_adapter alone took {merging['merging_seconds']:.1f} s; the merged factors differ by at most "
         f"{worst:.1e} of their largest entry (tolerance {options.tolerance:g})")
    if not worst <= options.tolerance:
        sys.exit("the merged factors differ by more than the tolerance")


if __name__ == "__main__":
    main()
