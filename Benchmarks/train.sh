#!/usr/bin/env bash
# LoRA training side by side: `retort train` and PEFT with transformers, on the same questions, weights (SmolLM2-135M,
# dequantised to fp32), tokens, loss, threads and libtorch. r = 128 on all seven projections, rank-stabilised, batches of
# four questions whose prompts have 60 to 140 tokens. Padding counts for neither side, loading and saving for neither
# side's speed; peak memory is that of the whole process.
#
#   COUNT=40            questions
#   PEFT_LOGITS=rows    logits only where the loss needs them, which flatters the peer; all: as PEFT is mostly run
#   RETORT_PEERS_PYTHON=PYTHON   one that has torch, transformers, peft and gguf, instead of a new .venv-peers
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup
source scripts/environment

peers=${RETORT_PEERS_PYTHON:-.venv-peers/bin/python}
if ! "$peers" -c 'import torch, transformers, peft, gguf, safetensors' 2>/dev/null; then
    [ -z "${RETORT_PEERS_PYTHON:-}" ] || fail "$peers cannot import torch, transformers, peft, gguf and safetensors" \
        "RETORT_PEERS_PYTHON names it as the peers' Python" "install them there, or unset it to have .venv-peers made"
    echo "making .venv-peers with torch, transformers and PEFT (some hundred MB)"
    python3 -m venv --clear .venv-peers || fail "python3 -m venv .venv-peers did not work" "its message is above" \
        "Debian, Ubuntu: apt-get install python3-venv; or set RETORT_PEERS_PYTHON"
    "$peers" -m pip install --quiet "torch==2.13.0+cpu" 2>/dev/null || "$peers" -m pip install --quiet torch
    "$peers" -m pip install --quiet transformers peft gguf safetensors accelerate
fi
# One libtorch for both.
RETORT_TORCH=$(torch_of "$peers")
export RETORT_TORCH
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(getconf _NPROCESSORS_ONLN)}
export HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error

count=${COUNT:-40}
swift build -c release --product retort
retort=$PWD/.build/release/retort
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$retort" generate --domain stem --count $((count * 4)) --seed 1 -o "$work/generated.jsonl"
"$peers" Benchmarks/peft_train.py prepare --retort "$retort" --model "$RETORT_DEMO_MODEL" \
    --questions "$work/generated.jsonl" --count "$count" --out "$work/same"
echo "== PEFT"
"$peers" Benchmarks/peft_train.py train --folder "$work/same" --json "$work/peft.json" --logits "${PEFT_LOGITS:-rows}"
echo "== retort"
"$retort" train --model "$RETORT_DEMO_MODEL" --questions "$work/same/questions.jsonl" --rank 128 --alpha 256 --rslora \
    --lr 1e-4 --schedule constant --warmup 0 --batch 4 --epochs 1 --save-every 1000000 --json "$work/retort.json" -o "$work/adapter"
echo "== $OMP_NUM_THREADS threads, PyTorch $(torch_version "$RETORT_TORCH"), logits of PEFT at ${PEFT_LOGITS:-rows}"
"$peers" Benchmarks/ratios.py "$work/retort.json" "$work/peft.json" PEFT
