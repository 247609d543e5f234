#!/usr/bin/env bash
# Labels by a real llama.cpp, killed in the middle: `retort label` starts a server on the teacher, is killed with SIGKILL once a
# good part of the labels is there, and is started again; the file must then hold every question once. An adapter is distilled from the
# labels and compared with its base on questions that nobody trained on. What it is about is the way from questions to an adapter, not
# the numbers: a teacher of 135M parameters is right hardly more often than chance.
#
#   COUNT=200           questions to label
#   TEACHER=FILE        the teacher's GGUF file (default: SmolLM2 itself); of another architecture and tokenizer: Gemma 3 270M, which
#                       scripts/setup --gemma puts into .models
#   DENSE=64            likeliest tokens kept of every token of the reasoning; 0 for none: llama.cpp sorts its whole vocabulary for each, which
#                       takes most of the time where that has 262,144 entries, as Gemma's
#   OPTIONS=            how each question is asked, in place of "--rotations 2 --samples 1 --hint --max-tokens 100"
#   STYLE=reason        or letter: what the student learns; a base model as teacher does not end its reasoning, but it scores letters
#   HELD_OUT=100        questions to evaluate on
#   THREADS=1           of the server and of training (default: as many as each finds)
#   OUT=FOLDER          where everything is kept (default: a folder that is gone afterwards)
#   RETORT_LLAMA_SERVER or RETORT_LLAMA_PYTHON names llama.cpp's server; else scripts/setup --llama installs one
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment
retort=.build/release/retort
[ -x "$retort" ] || fail "$retort is not there" "nothing was built" "scripts/setup and swift build -c release"
if [ -z "${RETORT_LLAMA_SERVER:-}${RETORT_LLAMA_PYTHON:-}" ] && ! command -v llama-server >/dev/null; then
    scripts/setup --llama
    source scripts/environment
fi
count=${COUNT:-200} style=${STYLE:-reason}
mode=reason-first
[ "$style" = reason ] || mode=letter
if [ -n "${OUT:-}" ]; then mkdir -p "$OUT"; else OUT=$(mktemp -d); trap 'rm -rf "$OUT"' EXIT; fi
rm -rf "$OUT"/labels.jsonl* "$OUT/adapter"

# The demo's families: those on which a model of this size learns something in a minute.
"$retort" generate --domain humanities --count $((count + ${HELD_OUT:-100})) --seed 1 \
    --families capitals continents opposites past_tenses cities landmarks --difficulty 1 -o "$OUT/all.jsonl"
head -n "$count" "$OUT/all.jsonl" >"$OUT/questions.jsonl"
tail -n +$((count + 1)) "$OUT/all.jsonl" >"$OUT/held-out.jsonl"

threads=(${THREADS:+--threads "$THREADS"})
# shellcheck disable=SC2206
label=("$retort" label --model "${TEACHER:-$RETORT_DEMO_MODEL}" --engine llama.cpp --questions "$OUT/questions.jsonl" -o "$OUT/labels.jsonl"
    ${OPTIONS:---rotations 2 --samples 1 --hint --max-tokens 100} --slots 4 "${threads[@]}")
[ "${DENSE:-64}" = 0 ] || label+=(--dense "${DENSE:-64}")
lines() { cat "$OUT/labels.jsonl" 2>/dev/null | wc -l; }

"${label[@]}" --dry-run --price-input 0.5 --price-output 1.5

echo "== labelling, to be killed at a third"
"${label[@]}" &
process=$!
while kill -0 $process 2>/dev/null && [ "$(lines)" -lt $((count / 3)) ]; do sleep 0.2; done
kill -9 $process || fail "the labelling ended by itself" "its message is above" "mend that first"
wait $process 2>/dev/null || true
echo "killed with $(lines) labels on disk"

echo "== labelling again"
"${label[@]}" --json "$OUT/label.json"
python3 - "$OUT" "$count" <<'PYTHON'
import collections, json, sys
folder, count = sys.argv[1], int(sys.argv[2])
asked = [json.loads(line)["id"] for line in open(f"{folder}/questions.jsonl")]
labelled = [json.loads(line)["question"]["id"] for line in open(f"{folder}/labels.jsonl")]
assert len(asked) == count and collections.Counter(labelled) == collections.Counter(asked), "a question is missing, or there twice"
print(f"{count} questions, each labelled once")
PYTHON

echo "== distilling"
"$retort" train --model "$RETORT_DEMO_MODEL" --labels "$OUT/labels.jsonl" -o "$OUT/adapter" --rank 16 --alpha 16 --bind-choices \
    --style "$style" --cut-reasoning --max-tokens 60 --batch 8 --epochs 1 "${threads[@]}" --json "$OUT/train.json"

echo "== evaluating"
"$retort" evaluate --model "$RETORT_DEMO_MODEL" --compare "$OUT/adapter" --mode "$mode" --questions "$OUT/held-out.jsonl" \
    "${threads[@]}" --json "$OUT/evaluation.json"
