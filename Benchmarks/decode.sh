#!/usr/bin/env bash
# Decoding side by side, greedy: `retort complete` with 8-bit weights and an adapter of r = 128 beside llama.cpp's server on the
# Q4_1 file; in float32 and bfloat16 beside transformers' generate, one stream and 16; and a whole process from its start to the
# first token, twice each, the second counts (the files are in the page cache then). Same prompts, token for token, same weights
# (SmolLM2-135M: the GGUF, or dequantised to fp32), threads and libtorch. A rate leaves out loading, the prompt and the first text.
#
#   TOKENS=128          new tokens of each text
#   PROMPTS=16          prompts, and streams side by side
#   see peers.sh for RETORT_PEERS_PYTHON, FP32_MODEL, FIGURES
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers.sh
begin xllamacpp

tokens=${TOKENS:-128} streams=${PROMPTS:-16}
peer() { "$peers" Benchmarks/decode_peers.py "$@"; }
peer prompts --retort "$retort" --model "$RETORT_DEMO_MODEL" --count "$streams" --out "$work/prompts.jsonl"
cat "$work/prompts.jsonl" "$work/prompts.jsonl" >"$work/twice.jsonl"  # the first half warms up
# An adapter that changes what is said: a few steps of training.
"$retort" generate --domain stem --count 16 --seed 1 -o "$work/questions.jsonl" >/dev/null
"$retort" train --model "$RETORT_DEMO_MODEL" --questions "$work/questions.jsonl" --rank 128 --alpha 128 --rslora --lr 2e-5 --batch 4 \
    -o "$work/adapter" >/dev/null

# complete NAME OPTIONS…: Retort's texts into retort-NAME.jsonl
complete() {
    local name=$1
    shift
    echo "retort, $name"
    "$retort" complete --raw --ignore-eos --max-tokens "$tokens" "$@" >"$work/retort-$name.jsonl"
}
one() { complete "$@" --prompts "$work/prompts.jsonl" --streams 1; }
one adapter --model "$RETORT_DEMO_MODEL" --adapter "$work/adapter"
one int8 --model "$RETORT_DEMO_MODEL" --adapter "$work/adapter" --quantization int8
peer llama.cpp --model "$RETORT_DEMO_MODEL" --prompts "$work/prompts.jsonl" --tokens "$tokens" --json "$work/peer-llama.json"
for dtype in float32 bfloat16; do
    one $dtype --model "$weights" --dtype $dtype
    complete $dtype-batched --model "$weights" --dtype $dtype --prompts "$work/twice.jsonl" --streams "$streams"
    for batch in 1 "$streams"; do
        peer transformers --model "$weights" --prompts "$work/prompts.jsonl" --dtype $dtype --batch "$batch" --tokens "$tokens" \
            --json "$work/peer-$dtype-$batch.json"
    done
done
text="The capital of France is"
for _ in first counts; do
    "$peers" Benchmarks/measure.py "$work/first-retort.json" "$retort" complete --model "$weights" --raw --max-tokens 1 "$text"
    "$peers" Benchmarks/measure.py "$work/first-peer.json" "$peers" Benchmarks/decode_peers.py first-token --model "$weights" --prompt "$text"
done
"$peers" Benchmarks/decode_ratios.py "$work" "$weights"
