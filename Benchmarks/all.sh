#!/usr/bin/env bash
# All CPU benchmarks in one go (about 20 minutes on two cores), then their figures as one Markdown table with date, commit and
# machine. Progress goes to standard error, the table to standard output. Takes the variables of train.sh, score.sh, decode.sh,
# but for COUNT: TRAIN_COUNT and SCORE_COUNT. Ends in an error if one of them does.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export FIGURES=$scratch/figures.jsonl FP32_MODEL=${FP32_MODEL:-$scratch/fp32}
: >"$FIGURES"
failed=
COUNT=${TRAIN_COUNT:-40} Benchmarks/train.sh >&2 || failed="$failed train"
COUNT=${SCORE_COUNT:-50} Benchmarks/score.sh >&2 || failed="$failed score"
Benchmarks/decode.sh >&2 || failed="$failed decode"

python=${RETORT_PEERS_PYTHON:-.venv-peers/bin/python}
"$python" Benchmarks/machine.py
echo
"$python" Benchmarks/figures.py table "$FIGURES"
[ -z "$failed" ] || {
    echo "error: failed:$failed; see what they said above" >&2
    exit 1
}
