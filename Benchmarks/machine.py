"""machine.py [--device cpu|cuda] [--json FILE]: what this machine is and what it can do at most.

Two ceilings, each the best of several tries with all threads: float32 products per second (the better of PyTorch's own product
and of oneDNN's on packed weights, since Retort calls either; on a GPU bfloat16), and bytes per second read from memory by a
sum over more than any cache holds. A benchmark's figure is told as a share of the one that bounds it.
"""

import argparse
import datetime
import json
import os
import subprocess
import time

import torch


def best(body, device, tries=8):
    """Seconds of the fastest call."""
    body()
    times = []
    for _ in range(tries):
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        body()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times)


def gemm_peak(device):
    """FLOP/s."""
    size = 2048 if device == "cpu" else 8192
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = best(lambda: a @ b, device)
    if device == "cpu" and torch.backends.mkldnn.is_available():
        packed = torch.ops.mkldnn._reorder_linear_weight(b, size)
        product = torch.ops.mkldnn._linear_pointwise
        seconds = min(seconds, best(lambda: product(a, packed, None, "none", [], None), device))
    return 2 * size**3 / seconds


def read_peak(device):
    """Bytes per second."""
    values = torch.ones(1 << 28, device=device)
    return values.nbytes / best(values.sum, device, tries=12)


def processor():
    try:
        lines = open("/proc/cpuinfo").read().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return os.uname().machine


def commit():
    git = ["git", "-C", os.path.dirname(os.path.abspath(__file__))]
    try:
        name = subprocess.run(git + ["rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(git + ["status", "--porcelain", "-uno"], capture_output=True, text=True).stdout.strip()
        return name + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json")
    options = parser.parse_args()
    facts = dict(
        date=datetime.date.today().isoformat(), commit=commit(), cpu=processor(), threads=torch.get_num_threads(),
        torch=torch.__version__, device=torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
        flops=gemm_peak(options.device), bytes_per_second=read_peak(options.device))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(facts, file)
    print(sentence(facts))


def sentence(facts):
    where = "" if facts["device"] == "cpu" else f"{facts['device']}, "
    return (f"{facts['date']}, commit {facts['commit']}, {where}{facts['cpu']}, {facts['threads']} threads, PyTorch {facts['torch']}; "
            f"{'float32' if facts['device'] == 'cpu' else 'bfloat16'} products {facts['flops'] / 1e9:.0f} GFLOP/s, "
            f"reading memory {facts['bytes_per_second'] / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
