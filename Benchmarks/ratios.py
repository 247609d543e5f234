"""ratios.py RETORT.json PEER.json NAME: one line per figure, Retort's value over the peer's."""

import json
import sys

retort, peer = (json.load(open(path)) for path in sys.argv[1:3])
name = sys.argv[3]
if retort["tokens"] != peer["tokens"]:
    sys.exit(f"not the same work: retort trained {retort['tokens']} tokens, {name} {peer['tokens']}")


def line(figure, ours, theirs, show):
    print(f"{figure}: retort {show(ours)}, {name} {show(theirs)}, ratio {ours / theirs:.2f}")


mean = [sum(side["losses"]) / len(side["losses"]) for side in (retort, peer)]
print(f"{retort['tokens']} tokens in {retort['steps']} steps each; mean loss: retort {mean[0]:.3f}, {name} {mean[1]:.3f}")
line("tokens/s", retort["tokens_per_second"], peer["tokens_per_second"], lambda value: f"{value:.0f}")
line("peak resident memory", retort["peak_resident_bytes"], peer["peak_resident_bytes"], lambda value: f"{value / 1e9:.2f} GB")
