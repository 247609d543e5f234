#!/usr/bin/env bash
# The failure that probes exist for, on SmolLM2-135M: r = 128, alpha = 256, rank-stabilised (scale 22.6), learning rate 2e-3. The run must be
# caught within a tenth of its steps, go back, and end better than the base, or say why not.
#
#   PROMPTS=5000        questions to train on: with the letters of their wrong choices 2,500 steps of 8 examples
#   STEPS=              stops earlier; the schedule is laid over the steps that are made
#   DIFFICULTY=         1, 2 or 3: of the generator's questions; all where empty
#   PROBES=64           questions that watch
#   HELD_OUT=200        questions that base and adapter are compared on in the end
#   EVERY=20            steps between looks
#   OUT=                where to work; a stopped run goes on there. A new folder in the temporary one where empty
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment
retort=${RETORT:-.build/release/retort}
work=${OUT:-$(mktemp -d)}
prompts=${PROMPTS:-5000} probes=${PROBES:-64} held_out=${HELD_OUT:-200}

mkdir -p "$work"
"$retort" generate --domain humanities --count $((prompts + probes + held_out)) --seed 1 ${DIFFICULTY:+--difficulty "$DIFFICULTY"} \
    -o "$work/all.jsonl" >/dev/null
head -n "$probes" "$work/all.jsonl" >"$work/probe.jsonl"
sed -n "$((probes + 1)),$((probes + held_out))p" "$work/all.jsonl" >"$work/held-out.jsonl"  # tail | head would end in SIGPIPE
tail -n "$prompts" "$work/all.jsonl" >"$work/train.jsonl"

status=0
"$retort" train --model "$RETORT_DEMO_MODEL" --questions "$work/train.jsonl" --bind-choices --probe "$work/probe.jsonl" --probe-every "${EVERY:-20}" \
    --rank 128 --alpha 256 --rslora --lr 2e-3 ${STEPS:+--steps "$STEPS"} -o "$work/adapter" || status=$?
echo "== looks and retries"
grep -E '"(probe|retry)":' "$work/adapter/training/metrics.jsonl" | cut -c 1-600
[ "$status" = 0 ] || exit "$status"
echo "== base and adapter on $held_out questions that neither trained nor watched"
"$retort" evaluate --model "$RETORT_DEMO_MODEL" --compare "$work/adapter" --mode reason-first --questions "$work/held-out.jsonl"
