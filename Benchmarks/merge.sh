#!/usr/bin/env bash
# Merging side by side: `retort merge` and PEFT's add_weighted_adapter, on four adapters of random weights in a model's shape
# (r = 128, rank-stabilised, all seven projections), made at run time. TIES, density 0.8, signs by frequency. "In all" is the whole
# process, from reading the adapters to the written file; PEFT's base model takes no memory. Ends in an error if the merged factors differ.
#
#   SHAPE=qwen2.5-1.5b  or tiny, qwen2.5-72b
#   DTYPE=float32       or bfloat16
#   LAYERS=             fewer than the shape has, where the disk is small
#   ONLY_RETORT=        anything: leaves PEFT out and prints retort's seconds a layer and in all layers, and its memory
#   MERGE_OPTIONS=      for retort, in place of TIES: "--method ties --space core", say (with ONLY_RETORT)
#   SCRATCH=            a folder with room for five adapters, in place of the system's temporary one
#   see peers.sh for RETORT_PEERS_PYTHON, FIGURES
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers.sh
scripts/setup >&2
need_peers torch transformers safetensors numpy peft accelerate
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(getconf _NPROCESSORS_ONLN)}
export HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error TOKENIZERS_PARALLELISM=false TQDM_DISABLE=1 PYTHONWARNINGS=ignore
swift build -c release --product retort 2>&1 | { grep -E "error|warning" || true; } >&2
retort=$retort_root/.build/release/retort
work=$(mktemp -d "${SCRATCH:-${TMPDIR:-/tmp}}/merge.XXXXXX")
trap 'rm -rf "$work"' EXIT

shape=${SHAPE:-qwen2.5-1.5b}
"$peers" Benchmarks/random_adapters.py --shape "$shape" --dtype "${DTYPE:-float32}" ${LAYERS:+--layers "$LAYERS"} --out "$work/adapters"
echo "== retort" >&2
# shellcheck disable=SC2086
"$peers" Benchmarks/measure.py "$work/retort.json" "$retort" merge \
    ${MERGE_OPTIONS:---method ties --density 0.8 --sign frequency} -o "$work/retort" "$work"/adapters/[0-9] >&2
if [ -n "${ONLY_RETORT:-}" ]; then
    "$peers" - "$work/retort.json" "$shape" "${LAYERS:-0}" <<'PYTHON'
import json, sys
sys.path.insert(0, "Benchmarks")
from figures import note
from random_adapters import SHAPES
measured, all_layers = json.load(open(sys.argv[1])), SHAPES[sys.argv[2]]["layers"]
layers = int(sys.argv[3]) or all_layers
seconds = measured["seconds"]
note(f"merging {sys.argv[2]}: {layers} of {all_layers} layers in {seconds:.1f} s, {seconds / layers:.2f} s a layer, "
     f"{seconds / layers * all_layers:.0f} s for all; peak memory {measured['peak_resident_bytes'] / 2**20:.0f} MiB")
PYTHON
    exit 0
fi
echo "== PEFT" >&2
"$peers" Benchmarks/measure.py "$work/peft.json" "$peers" Benchmarks/peft_merge.py --adapters "$work/adapters" --out "$work/peft" \
    --json "$work/peft-merging.json" >&2
"$peers" Benchmarks/merge_ratios.py --retort "$work/retort.json" --peft "$work/peft.json" --retort-out "$work/retort" \
    --peft-out "$work/peft/merged" --peft-merging "$work/peft-merging.json"
