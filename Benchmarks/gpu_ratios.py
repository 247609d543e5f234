"""gpu_ratios.py FOLDER --streams N --models SHAPE:LAYERS …: the figures of gpu.sh from the files it left in FOLDER.

Training leaves out each side's first step, decoding the first text, which warm up. A model that was measured at two depths below
its own is told at its own, on the straight line through both: seconds a step, seconds a token and bytes, each for itself.
"""

import argparse
import json
import sys
from pathlib import Path

from figures import figure, note
from train_ratios import projections

FULL = {"tiny": 6, "qwen2.5-7b": 28, "qwen2.5-72b": 80}
LETTERS_WITHIN, LOSSES_WITHIN, FIRST_LOSS_WITHIN, HALF_WITHIN = 2e-3, 1e-3, 1e-2, 2e-2

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder", type=Path)
parser.add_argument("--streams", type=int, required=True)
parser.add_argument("--models", nargs="+", required=True)
options = parser.parse_args()
folder, failures = options.folder, []


def read(name):
    path = folder / name
    return json.loads(path.read_text()) if path.exists() and path.stat().st_size else None


def read_lines(name):
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def bytes_used(name):
    measured = read(f"{name}.measure.json")
    return measured and measured.get("peak_gpu_bytes", measured["peak_resident_bytes"])


def check(kind, format, sides, difference, limit):
    if sides == [None] * len(sides):
        return  # not asked for
    if None in sides:
        note(f"correctness, {format}, {kind}: not measured")
        failures.append(kind)
        return
    worst = difference(*sides)
    note(f"correctness, {format}, {kind}: within {worst:.1e} (tolerance {limit:g})")
    if not worst <= limit:
        failures.append(f"{format}, {kind}: {worst:.1e}")


def letters_apart(cpu, gpu):
    pairs = zip(cpu["result"]["records"], gpu["result"]["records"], strict=True)
    return max(abs(a - b) for one, other in pairs for a, b in zip(one["log_probabilities"], other["log_probabilities"]))


def losses_apart(cpu, gpu):
    return max(abs(a - b) / abs(a) for a, b in zip(cpu["losses"], gpu["losses"], strict=True))


for format in ("bfloat16", "nf4"):
    for kind, prefix, apart, limit in (("letters' log-probabilities", "check", letters_apart, LETTERS_WITHIN),
                                       ("losses of two steps, relative", "losses", losses_apart, LOSSES_WITHIN)):
        check(kind, f"{format}, GPU and CPU", [read(f"{prefix}-{format}-{side}.json") for side in ("cpu", "device")], apart, limit)
check("losses of three steps, relative", "bfloat16 and float32 on the device",
      [read(f"losses-{dtype}.json") for dtype in ("float32", "bfloat16")], losses_apart, HALF_WITHIN)

fast, plain = read_lines("texts-fast.out"), read_lines("texts-plain.out")
if bool(fast) != bool(plain):
    failures.append("texts: one side is missing")
if fast and plain:
    equal = sum(one["ids"] == other["ids"] for one, other in zip(fast, plain, strict=True))
    note(f"correctness, greedy texts with recorded rounds and the own kernel: {equal} of {len(fast)} as without")
    if 2 * equal < len(fast):
        failures.append(f"only {equal} of {len(fast)} texts are equal")


def retort_step(model, kind="train"):
    """Seconds a step."""
    steps = read_lines(f"{kind}-{model}.steps.jsonl")[1:]
    return sum(step["seconds"] for step in steps) / len(steps) if steps else None


def retort_decode(model, way):
    """Seconds a token of one stream, or of all streams side by side."""
    lines, streams = read_lines(f"decode-{way}-{model}.out"), 1 if way == "one" else options.streams
    group = lines[streams:]
    if not group:
        return None
    seconds = 0.0
    for first in range(0, len(group), streams):
        texts = group[first:first + streams]
        seconds += max(text["seconds"] for text in texts) - min(text["prompt_seconds"] for text in texts)
    return seconds / sum(len(text["ids"]) - 1 for text in group)


def peft_step(model, kept):
    result = read(f"peft-{kept}-{model}.json")
    return sum(result["step_seconds"][1:]) / (len(result["step_seconds"]) - 1) if result else None


def peer_decode(model, way):
    result = read(f"peer-{way}-{model}.json")
    return 1 / result["decode_tokens_per_second"] if result else None


def at_depth(models, layers, value):
    """`value` of a model, or the line through two depths of it; None where a measurement is missing."""
    values = [(int(model.split(":")[1]), value(model)) for model in models]
    exact = [found for depth, found in values if depth == layers]
    if exact or len(values) < 2 or None in [found for _, found in values]:
        return exact[0] if exact else (values[-1][1] if len(values) == 1 else None)
    (low, first), (high, second) = min(values), max(values)
    return first + (second - first) / (high - low) * (layers - low)


def show(work, peer, ours, theirs, unit, bar=None, share=None, digits=0):
    """A figure, or what is known of it."""
    if ours and theirs:
        figure(work, peer, ours, theirs, unit, bar, share, digits)
    elif ours:
        note(f"{work}: retort {ours:.{digits}f} {unit}, {peer} not measured{f', {share}' if share else ''}")
    else:
        note(f"{work}: not measured")


def inverse(value):
    return 1 / value if value else None


machine = read("machine.json")
examples = read_lines("same/examples.jsonl")
batches = [examples[first:first + 4] for first in range(4, len(examples), 4)]
step_tokens = sum(len(example["tokens"]) for batch in batches for example in batch) / max(1, len(batches))
for shape in dict.fromkeys(model.split(":")[0] for model in options.models):
    models = [model for model in options.models if model.split(":")[0] == shape]
    depths = [int(model.split(":")[1]) for model in models]
    layers = FULL.get(shape, max(depths))
    name = f"{shape}, NF4" + ("" if layers in depths or len(models) == 1 else f", {layers} layers from {' and '.join(map(str, depths))}")
    if len(models) == 1 and layers not in depths:
        layers, name = depths[0], f"{shape}, NF4, {depths[0]} layers"

    def depth(value):
        return at_depth(models, layers, value)

    configuration = read(f"config-{models[0]}.json") or {}
    weights = layers * sum(a * b for a, b in projections(configuration)) if configuration else 0
    head = configuration.get("vocab_size", 0) * configuration.get("hidden_size", 0)
    ours = depth(retort_step)
    share = ours and f"{4 * weights * step_tokens / ours / machine['flops']:.0%} of the GEMM peak (base alone)"
    peft = {kept: depth(lambda model: peft_step(model, kept)) for kept in ("recomputed", "kept")}
    kept = min((found for found in peft if peft[found]), key=lambda found: peft[found], default="recomputed")
    peer = "PEFT + bitsandbytes, activations " + kept
    show(f"training, {name}", peer, ours and step_tokens / ours, peft[kept] and step_tokens / peft[kept], "tokens/s", "≥ 1.5", share)
    for model in models:
        # An untrained adapter changes nothing, so the first loss is the base's: both sides read the same weights, or they do not.
        first = [result["losses"][0] for result in (read(f"train-{model}.json"), read(f"peft-{kept}-{model}.json")) if result]
        if len(first) == 2:
            note(f"training, {model}: first loss {first[0]:.4f}, PEFT's {first[1]:.4f} (relative {abs(first[0] / first[1] - 1):.1e}, "
                 f"tolerance {FIRST_LOSS_WITHIN:g}; each computes in its own default type)")
            if not abs(first[0] / first[1] - 1) <= FIRST_LOSS_WITHIN:
                failures.append(f"{model}: first losses {first}")
    memory = [depth(lambda model: bytes_used(f"{side}-{model}")) for side in ("train", f"peft-{kept}")]
    show(f"training, {name}, peak memory", peer, *[found and found / 1e9 for found in memory], "GB",
         digits=2)
    recomputed = depth(lambda model: retort_step(model, "train-recomputed"))
    if recomputed:
        memory = [depth(lambda model: bytes_used(f"{side}-{model}")) for side in ("train-recomputed", "peft-recomputed")]
        show(f"training, {name}, activations recomputed", "PEFT + bitsandbytes, the same", step_tokens / recomputed,
             peft["recomputed"] and step_tokens / peft["recomputed"], "tokens/s")
        show(f"training, {name}, activations recomputed, peak memory", "PEFT + bitsandbytes, the same", *[found and found / 1e9 for found in memory],
             "GB", "retort < 80 GB" if shape == "qwen2.5-72b" else None, digits=2)
    for way, words in (("one", "one stream"), ("many", f"{options.streams} streams")):
        ours = depth(lambda model: retort_decode(model, way))
        # Half a byte for a weight, one for the scale of 64, four for the scale of 256 of these; two for a weight of the head.
        read_bytes = weights * (0.5 + 1 / 64 + 4 / 64 / 256) + 2 * head
        share = ours and way == "one" and f"{read_bytes / ours / machine['bytes_per_second']:.0%} of the memory bandwidth" or None
        bar = "retort ≥ 40 tokens/s" if shape == "qwen2.5-72b" and way == "one" else None
        show(f"decoding, {name}, {words}", "transformers + bitsandbytes", inverse(ours),
             inverse(depth(lambda model: peer_decode(model, way))), "tokens/s", bar, share, digits=1)
        memory = [depth(lambda model: bytes_used(f"{side}-{way}-{model}")) for side in ("decode", "peer")]
        show(f"decoding, {name}, {words}, peak memory", "transformers + bitsandbytes", *[found and found / 1e9 for found in memory],
             "GB", digits=2)
if (folder / "skipped").exists():
    note("skipped for want of time: " + ", ".join((folder / "skipped").read_text().split()))
if failures:
    sys.exit("not equal: " + "; ".join(failures))
