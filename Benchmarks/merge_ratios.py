"""Compares `retort merge` with peft_merge.py: that the merged factors are the same, seconds in all, peak memory.

Entries differ by the order of a sum (1e-6 of the tensor's largest), and where several are exactly as large as the threshold of a trim: of
those either may be kept. Ends in an error if more than SHARE of all entries do otherwise.
"""

import argparse
import json
import sys

import torch
from safetensors import safe_open

from figures import figure, note


def differing(ours, theirs):
    """Entries that are not the same, and all entries."""
    differ, count = 0, 0
    with safe_open(ours, "pt") as left, safe_open(theirs, "pt") as right:
        if sorted(left.keys()) != sorted(right.keys()):
            sys.exit("the merged adapters have different tensors")
        for name in left.keys():
            a, b = left.get_tensor(name), right.get_tensor(name)
            differ += int(((a - b).abs() > 1e-6 * b.abs().max()).sum())
            count += a.numel()
    return differ, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--retort", "--peft", "--retort-out", "--peft-out", "--peft-merging"):
        parser.add_argument(name, required=True)
    parser.add_argument("--share", type=float, default=1e-6)
    options = parser.parse_args()
    retort, peft, merging = (json.load(open(path)) for path in (options.retort, options.peft, options.peft_merging))
    name = "PEFT add_weighted_adapter"
    figure("merging, times as fast in all", name, 1 / retort["seconds"], 1 / peft["seconds"], "merges/s", "≥ 12", digits=3)
    figure("merging, seconds in all", name, retort["seconds"], peft["seconds"], "s", digits=1)
    figure("merging, peak memory", name, retort["peak_resident_bytes"] / 2**20, peft["peak_resident_bytes"] / 2**20, "MiB", "≤ 0.12")
    differ, count = differing(options.retort_out + "/adapter_model.safetensors", options.peft_out + "/adapter_model.safetensors")
    note(f"merging: PEFT's add_weighted_adapter alone took {merging['merging_seconds']:.1f} s; {differ} of {count} merged entries differ")
    if differ > options.share * count:
        sys.exit("more merged entries differ than ties explain")


if __name__ == "__main__":
    main()
