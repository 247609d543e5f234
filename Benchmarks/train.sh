#!/usr/bin/env bash
# LoRA training side by side: `retort train` and PEFT with transformers, on the same questions, teacher's labels, weights
# (SmolLM2-135M; Retort reads the Q4_1 file, PEFT what transformers dequantises of it: the same numbers), first adapter, order,
# tokens, distillation loss, threads and libtorch. r = 128 on all seven projections, rank-stabilised, batches of four questions
# whose prompts have 60 to 140 tokens. Padding counts for neither side, loading and saving for neither side's speed; peak memory
# is that of the whole process. PEFT runs twice: with logits at every position, as it is mostly run, and only where the loss
# needs them. Ends in an error if the losses of any step differ.
#
#   COUNT=40            questions
#   TOLERANCE=2e-3      largest relative difference of a step's loss
#   see peers.sh for RETORT_PEERS_PYTHON, FP32_MODEL, FIGURES
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers.sh
begin peft

count=${COUNT:-40}
"$retort" generate --domain stem --count $((count * 4)) --seed 1 -o "$work/generated.jsonl"
"$peers" Benchmarks/peft_train.py prepare --retort "$retort" --model "$weights" \
    --questions "$work/generated.jsonl" --count "$count" --out "$work/same"
for logits in all rows; do
    echo "== PEFT, logits at $logits"
    "$peers" Benchmarks/peft_train.py train --folder "$work/same" --model "$weights" --logits $logits --json "$work/peft-$logits.json"
done
echo "== retort"
"$retort" train --model "$RETORT_DEMO_MODEL" --labels "$work/same/labels.jsonl" --adapter "$work/same/adapter" --no-shuffle \
    --lr 1e-4 --schedule constant --warmup 0 --batch 4 --epochs 1 --max-tokens 1000000 --save-every 1000000 \
    --json "$work/retort.json" -o "$work/adapter"
for logits in all rows; do
    "$peers" Benchmarks/train_ratios.py --retort "$work/retort.json" --peer "$work/peft-$logits.json" --folder "$work/same" \
        --model "$weights" --machine "$work/machine.json" --tolerance "${TOLERANCE:-2e-3}"
done
