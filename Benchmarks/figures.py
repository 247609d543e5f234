"""Figures side by side: one printed line each, and the table of all.

    figures.py table FIGURES.jsonl      the figures that benchmarks appended to FIGURES=FILE, as a Markdown table
"""

import json
import os
import sys


def figure(work, peer, ours, theirs, unit, bar=None, share=None, digits=0):
    """Prints Retort's value beside the peer's and their ratio.

    `bar` is what the ratio is to reach, as "≥ 2.2" or "≤ 0.45"; `share` says how much of the machine's ceiling Retort reached.
    """
    line = dict(work=work, peer=peer, ours=ours, theirs=theirs, unit=unit, bar=bar, share=share, digits=digits)
    extra = "".join(f", {text}" for text in (bar and f"bar {bar}", share) if text)
    print(f"{work}: retort {ours:.{digits}f} {unit}, {peer} {theirs:.{digits}f} {unit}, ratio {ours / theirs:.2f}{extra}", flush=True)
    append(line)


def note(text):
    """Prints a line that is no ratio and goes below the table."""
    print(text, flush=True)
    append(dict(note=text))


def append(line):
    if path := os.environ.get("FIGURES"):
        with open(path, "a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def table(path):
    lines = [json.loads(line) for line in open(path)]
    print("| work | peer | peer's | Retort's | ratio | bar | of the machine |\n|---|---|---|---|---|---|---|")
    for line in lines:
        if "note" not in line:
            ours, theirs = (f"{line[side]:.{line['digits']}f} {line['unit']}" for side in ("ours", "theirs"))
            ratio = f"{line['ours'] / line['theirs']:.2f} ×"
            print("| " + " | ".join([line["work"], line["peer"], theirs, ours, ratio, line["bar"] or "", line["share"] or ""]) + " |")
    for line in lines:
        if "note" in line:
            print(f"\n{line['note']}")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "table":
        sys.exit(__doc__)
    table(sys.argv[2])
