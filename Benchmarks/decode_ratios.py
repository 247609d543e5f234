"""decode_ratios.py FOLDER MODEL: the figures of decode.sh from the files it left in FOLDER.

A rate counts the steps behind the first token, on both sides. The share of memory bandwidth counts what is read once
for every token: parameters times bytes of the type, and an adapter beside them.
"""

import json
import sys
from pathlib import Path

from figures import figure, note
from train_ratios import projections

folder, model = Path(sys.argv[1]), Path(sys.argv[2])
machine = json.loads((folder / "machine.json").read_text())
configuration = json.loads((model / "config.json").read_text())


def parameters():
    """Those that a token reads: everything but the embedding's other rows; the head is as large."""
    layer = sum(a * b for a, b in projections(configuration))
    return configuration["num_hidden_layers"] * layer + configuration["vocab_size"] * configuration["hidden_size"]


def lines(name):
    return [json.loads(line) for line in open(folder / f"retort-{name}.jsonl")]


def rate(lines, streams):
    """Steps behind the first token per second; the first `streams` texts were for warming up. Texts side by side end together."""
    steps, seconds = 0, 0.0
    for first in range(streams, len(lines), streams):
        group = lines[first:first + streams]
        steps += sum(len(line["ids"]) - 1 for line in group)
        seconds += max(line["seconds"] for line in group) - min(line["prompt_seconds"] for line in group)
    return steps / seconds


def agreement(ours, theirs):
    return sum(a == b for a, b in zip(ours, theirs)), len(theirs)


def bandwidth(value, bytes_each, beside=0):
    return f"{value * (parameters() * bytes_each + beside) / machine['bytes_per_second']:.0%} of the memory bandwidth"


def peer(name):
    return json.loads((folder / f"peer-{name}.json").read_text())


single = {name: lines(name) for name in ("float32", "bfloat16", "int8", "adapter")}
ours, llama = rate(single["int8"], 1), peer("llama")
# Four bits and a grid of 8 bytes for every 32 weights; the adapter's factors, float32 in the file, in bytes with such a grid.
factors = (folder / "adapter/adapter_model.safetensors").stat().st_size / 4 * 1.25
figure("decoding, one stream, 8-bit, adapter r = 128 applied", "llama.cpp server, Q4_1, no adapter", ours,
       llama["decode_tokens_per_second"], "tokens/s", "≥ 1.0", bandwidth(ours, 0.75, factors), digits=1)
same, total = agreement([line["ids"] for line in single["int8"]], [line["ids"] for line in single["adapter"]])
note(f"decoding, 8-bit: the same greedy text as float32 (adapter applied, {len(single['int8'][0]['ids'])} tokens) "
     f"for {same} of {total} prompts")
for dtype, size in (("float32", 4), ("bfloat16", 2)):
    ours, theirs = rate(single[dtype], 1), peer(f"{dtype}-1")
    figure(f"decoding, one stream, {dtype}", "transformers generate", ours, theirs["decode_tokens_per_second"], "tokens/s",
           "≥ 1.6", bandwidth(ours, size), digits=1)
    same, total = agreement([line["ids"] for line in single[dtype][1:]], theirs["ids"])
    note(f"decoding, {dtype}: the same greedy text as transformers for {same} of {total} prompts")
for dtype in ("float32", "bfloat16"):
    batched = lines(f"{dtype}-batched")
    streams = len(batched) // 2
    ours = rate(batched, streams)
    share = f"{2 * ours * parameters() / machine['flops']:.0%} of the float32 GEMM peak"
    figure(f"batched decoding, {streams} streams, {dtype}", f"transformers generate, batch {streams}", ours,
           peer(f"{dtype}-{streams}")["decode_tokens_per_second"], "tokens/s", "≥ 2", share, digits=1)
ours, theirs = (json.loads((folder / f"first-{side}.json").read_text()) for side in ("retort", "peer"))
figure("load to first token", "transformers", ours["seconds"], theirs["seconds"], "s", "≤ 0.2", digits=2)
figure("load to first token, peak memory", "transformers", ours["peak_resident_bytes"] / 2**20, theirs["peak_resident_bytes"] / 2**20, "MiB")
