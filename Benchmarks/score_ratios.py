"""score_ratios.py --retort … --process … --peers … --same … --model … --machine …: `retort evaluate` beside the peer.

The peer's faster batch size counts. The share of the machine's products per second is that of what the work needs at least: 2·P
for each token, P the projections' weights, a subject's shots once; attention and head are not counted.

The letters that both sides choose must be the same on every question, but where the peer's best two letters lie within 1e-4 of
each other: there rounding decides.
"""

import argparse
import json
import math
import os
import sys
from pathlib import Path

from figures import figure, note
from mmlu_task import prompts
from tokenizers import Tokenizer
from train_ratios import projections

NEAR_TIE = 1e-4


def normalised(scores):
    top = max(scores)
    total = top + math.log(sum(math.exp(score - top) for score in scores))
    return [score - total for score in scores]


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("--retort", "--process", "--same", "--model", "--machine"):
    parser.add_argument(name, required=True)
parser.add_argument("--peers", nargs="+", required=True)
options = parser.parse_args()
retort, process, machine, *peers = (
    json.load(open(path)) for path in (options.retort, options.process, options.machine, *options.peers))


def tokens_needed():
    tokenizer, count = Tokenizer.from_file(options.model + "/tokenizer.json"), 0
    for texts in prompts(Path(options.same)).values():
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        shared = len(os.path.commonprefix(ids)) if len(ids) > 1 else 0
        count += shared + sum(len(one) - shared for one in ids)
    return count


configuration = json.load(open(options.model + "/config.json"))
work = tokens_needed() * 2 * configuration["num_hidden_layers"] * sum(a * b for a, b in projections(configuration))
share = f"{work / retort['seconds'] / machine['flops']:.0%} of the GEMM peak"
records = {record["id"]: record for record in retort["result"]["records"]}
rate = len(records) / retort["seconds"]
best = max(peers, key=lambda peer: peer["questions_per_second"])
name = f"lm-evaluation-harness, batch {best['batch']}"
figure("MMLU 5-shot scoring", name, rate, best["questions_per_second"], "questions/s", "≥ 6", share, digits=2)
figure("MMLU 5-shot scoring, peak memory", name, process["peak_resident_bytes"] / 2**20, best["peak_resident_bytes"] / 2**20, "MiB")

wrong = []
for peer in peers:
    if set(peer["scores"]) != set(records):
        sys.exit("not the same questions: the ids differ")
    furthest, ties = 0.0, 0
    for question, theirs in peer["scores"].items():
        theirs, record = normalised(theirs), records[question]
        furthest = max(furthest, *(abs(a - b) for a, b in zip(theirs, record["log_probabilities"])))
        letter, (second, first) = "ABCD"[theirs.index(max(theirs))], sorted(theirs)[2:]
        if letter != record["predicted"]:
            if first - second < NEAR_TIE:
                ties += 1
            else:
                wrong.append(f"{question}: retort {record['predicted']}, batch {peer['batch']} {letter} ({theirs})")
    right = sum(record["correct"] for record in records.values())
    note(f"MMLU 5-shot scoring: accuracy of {len(records)} questions: retort {right / len(records):.4f}, lm-evaluation-harness "
         f"{peer['accuracy']:.4f} at batch {peer['batch']} ({peer['questions_per_second']:.2f} questions/s); {ties} near ties differ; "
         f"letters' log-probabilities within {furthest:.1e}")
if wrong:
    sys.exit("other letters:\n" + "\n".join(wrong))
