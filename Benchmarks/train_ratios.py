"""Compares `retort train --json` with peft_train.py's figures: the losses step by step, tokens/s, peak memory.

The share of the machine's products per second counts what the work needs at least: for each token that is computed (what the
examples of a batch begin with in common once) 2·P forward and 2·P to the inputs, P the projections' weights; 6·r·(in + out)
for a projection's adapter; and the head, forward and back, only where the loss is. Attention is not counted.
"""

import argparse
import json
import sys

from figures import figure, note


def projections(configuration):
    """(in, out) of a layer's seven projections."""
    hidden, heads = configuration["hidden_size"], configuration["num_attention_heads"]
    size = configuration.get("head_dim") or hidden // heads
    keys, width = configuration["num_key_value_heads"] * size, configuration["intermediate_size"]
    return [(hidden, heads * size), (hidden, keys), (hidden, keys), (heads * size, hidden), (hidden, width), (hidden, width), (width, hidden)]


def flops(configuration, examples, batch, rank):
    shapes, layers = projections(configuration), configuration["num_hidden_layers"]
    per_token = layers * sum(4 * a * b + 6 * rank * (a + b) for a, b in shapes)
    computed = 0
    for first in range(0, len(examples), batch):
        prefixes = {tuple(e["tokens"][:end]) for e in examples[first:first + batch] for end in range(1, len(e["tokens"]) + 1)}
        computed += len(prefixes)
    rows = sum(len(example["rows"]) + 1 for example in examples)
    return computed * per_token + rows * 4 * configuration["hidden_size"] * configuration["vocab_size"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--retort", "--peer", "--folder", "--model", "--machine"):
        parser.add_argument(name, required=True)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--tolerance", type=float, required=True)
    options = parser.parse_args()
    retort, peer, machine = (json.load(open(path)) for path in (options.retort, options.peer, options.machine))
    configuration = json.load(open(options.model + "/config.json"))
    examples = [json.loads(line) for line in open(options.folder + "/examples.jsonl")]
    if (retort["tokens"], retort["steps"]) != (peer["tokens"], peer["steps"]):
        sys.exit(f"not the same work: retort {retort['tokens']} tokens in {retort['steps']} steps, PEFT {peer['tokens']} in {peer['steps']}")

    logits = peer["logits"]
    name = "PEFT, logits at every position" if logits == "all" else "PEFT, logits at the loss's rows"
    # The bars are for PEFT as it is mostly run.
    speed_bar, memory_bar = ("≥ 2.2", "≤ 0.45") if logits == "all" else (None, None)
    share = flops(configuration, examples, options.batch, retort["rank"]) / retort["seconds"] / machine["flops"]
    figure("training", name, retort["tokens_per_second"], peer["tokens_per_second"], "tokens/s", speed_bar,
           f"{share:.0%} of the GEMM peak")
    figure("training, peak memory", name, retort["peak_resident_bytes"] / 2**20, peer["peak_resident_bytes"] / 2**20, "MiB", memory_bar)
    worst = max(abs(a - b) / abs(b) for a, b in zip(retort["losses"], peer["losses"]))
    note(f"training: losses of {retort['steps']} steps ({retort['losses'][0]:.4f} to {retort['losses'][-1]:.4f}) differ from those of "
         f"{name} by at most {worst:.1e} (relative; tolerance {options.tolerance:g})")
    if not worst <= options.tolerance:
        pairs = ", ".join(f"{a:.5f}/{b:.5f}" for a, b in zip(retort["losses"], peer["losses"]))
        sys.exit(f"the losses differ by more than the tolerance; retort/PEFT: {pairs}")


if __name__ == "__main__":
    main()
