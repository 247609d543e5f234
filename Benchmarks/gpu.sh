#!/usr/bin/env bash
# Everything on one GPU in one call of less than ten minutes, with random weights, so that no checkpoint is needed:
#   1. correctness: losses and letters' scores of a model of SmolLM2-135M's shape, bfloat16 and NF4, on the GPU and on the CPU; losses in
#      bfloat16 beside float32's; greedy texts with recorded rounds and Retort's own kernel beside texts without
#   2. training, NF4 base, r = 128 on all projections, batches of 4 sequences of 384 to 512 tokens, packed: tokens/s and the
#      GPU's peak memory, beside PEFT + bitsandbytes (with and without recomputing activations where that fits)
#   3. greedy decoding, NF4, one stream and 16, beside transformers + bitsandbytes
# for Qwen2.5-7B, and Qwen2.5-72B at two depths, from which its 80 layers follow on a straight line (a layer's cost is the same in
# each, the line's start is embedding and head). The table goes to standard output. What the time did not suffice for is skipped
# and named; where transformers, PEFT or bitsandbytes are missing, Retort is measured alone.
#
#   PYTHON=python3      a Python with a CUDA or ROCm torch, and the peers
#   RETORT=FILE         a built retort; by default one is built with the static Swift runtime where swift is on the PATH, else
#                       .build-static/release/retort from another machine is taken (68 MB; 26 MB after gzip)
#   MODELS="SHAPE:LAYERS …"   default "qwen2.5-7b:28 qwen2.5-72b:10 qwen2.5-72b:20"; "qwen2.5-72b:80" needs 45 GB of disk
#   SCRATCH=FOLDER      where models are written (default: the temporary folder; /dev/shm is faster)
#   LIMIT=570           seconds
#   ONLY=REGEX          the steps to do, for example "make|train|peft" (the names stand behind == while it runs)
#   LOGS=FOLDER         keeps what every step printed and measured there
#   DEVICE=cpu SHAPES=tiny    a dry run of the same lines on any machine
set -euo pipefail
cd "$(dirname "$0")/.."
SECONDS=0
python=${PYTHON:-python3} device=${DEVICE:-cuda} limit=${LIMIT:-570} failed=
if [ "${SHAPES:-full}" = tiny ]; then
    small=tiny models=${MODELS:-tiny:2 tiny:4} steps=3 tokens=8 streams=4 evaluated=8
else
    small=smollm2-135m models=${MODELS:-qwen2.5-7b:28 qwen2.5-72b:10 qwen2.5-72b:20} steps=6 tokens=64 streams=16 evaluated=16
fi

retort=${RETORT:-.build-static/release/retort}
if [ -z "${RETORT:-}" ] && command -v swift >/dev/null; then
    swift build -c release --static-swift-stdlib -Xlinker -s --product retort --scratch-path .build-static >&2
fi
[ -x "$retort" ] || {
    echo "error: there is no $retort; build it where Swift is (swift build -c release --static-swift-stdlib -Xlinker -s --product retort" \
        "--scratch-path .build-static) and bring it here, or name one with RETORT" >&2
    exit 1
}
RETORT_TORCH=${RETORT_TORCH:-$("$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')}
RETORT_BITSANDBYTES=${RETORT_BITSANDBYTES:-$("$python" -c 'import importlib.util as u; print(u.find_spec("bitsandbytes").submodule_search_locations[0])' 2>/dev/null || true)}
unset TORCH_ALLOW_TF32_CUBLAS_OVERRIDE  # float32 is compared with the CPU's
# For both sides: cuDNN's attention makes a plan, some 30 ms, for every new length.
export TORCH_CUDNN_SDPA_DEPRIORITIZED=1
export RETORT_TORCH RETORT_BITSANDBYTES HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error TQDM_DISABLE=1 PYTHONWARNINGS=ignore
has_peers=
"$python" -c 'import transformers, peft, bitsandbytes, accelerate' 2>/dev/null && has_peers=yes ||
    echo "transformers, peft, bitsandbytes or accelerate is missing: Retort is measured alone" >&2

work=${LOGS:-$(mktemp -d)}
mkdir -p "$work"
scratch=$(mktemp -d -p "${SCRATCH:-${TMPDIR:-/tmp}}")
cleanup() {
    rm -rf "$scratch"
    [ -n "${LOGS:-}" ] || rm -rf "$work"
}
trap cleanup EXIT
watch=
[ "$device" = cpu ] || watch=--gpu

# step NAME COMMAND…: measured, unless the time is up; a failure is told and the rest goes on
step() {
    local name=$1 left=$((limit - SECONDS))
    shift
    [[ $name =~ ${ONLY:-.} ]] || return 0
    if [ "$left" -lt 15 ]; then
        echo "skipped for want of time: $name" >&2
        echo "$name" >>"$work/skipped"
        return 0
    fi
    echo "== $name (after $SECONDS s)" >&2
    if ! timeout "$left" "$python" Benchmarks/measure.py $watch "$work/$name.measure.json" "$@" >"$work/$name.out" 2>"$work/$name.err"; then
        failed="$failed $name"
        echo "failed: $name" >&2
        # Before 2.13 PyTorch tells the reason on a line of its own, with a stack behind it.
        { grep -m 3 -iE 'exception in aoti|error' "$work/$name.err" || true; tail -n 12 "$work/$name.err"; } | cut -c1-600 >&2
    fi
}
# train NAME MODEL DEVICE OPTIONS…: on the labels both sides have
train() {
    local name=$1 model=$2 where=$3
    shift 3
    step "$name" "$retort" train --model "$model" --device "$where" --labels "$work/same/labels.jsonl" --no-shuffle --rslora \
        --lr 1e-4 --schedule constant --warmup 0 --batch 4 --max-tokens 1000000 --save-every 1000000 \
        --json "$work/$name.json" -o "$scratch/adapter" "$@"
    cp "$scratch/adapter/training/metrics.jsonl" "$work/$name.steps.jsonl" 2>/dev/null || true  # each step's time
    rm -rf "$scratch/adapter"
}

"$python" Benchmarks/machine.py --device "$device" --json "$work/machine.json" >&2
# A sequence of 512 tokens at most: prompts of 256 to 384 and replies of some 100. Bytes are the tokens here.
"$python" Benchmarks/random_model.py --shape "$small" --format bfloat16 --out "$scratch/bfloat16" >&2
"$python" Benchmarks/random_model.py --shape "$small" --format nf4 --out "$scratch/nf4" >&2
"$retort" generate --domain stem --count 400 --seed 1 -o "$work/questions.jsonl" >/dev/null
"$python" Benchmarks/peft_train.py prepare --retort "$retort" --model "$scratch/bfloat16" --questions "$work/questions.jsonl" \
    --count $((steps * 4)) --prompt-tokens 256:384 --passage --rank 0 --out "$work/same"
"$python" Benchmarks/decode_peers.py prompts --retort "$retort" --model "$scratch/bfloat16" --count "$streams" --out "$work/prompts.jsonl"
cat "$work/prompts.jsonl" "$work/prompts.jsonl" >"$work/twice.jsonl"  # the first half warms up
head -n 4 "$work/prompts.jsonl" >"$work/few.jsonl"

for format in bfloat16 nf4; do
    for side in cpu device; do
        where=cpu
        [ $side = cpu ] || where=$device
        step "check-$format-$side" "$retort" evaluate --model "$scratch/$format" --device "$where" --dtype float32 --style chat \
            --questions "$work/questions.jsonl" --limit "$evaluated" --json "$work/check-$format-$side.json"
        train "losses-$format-$side" "$scratch/$format" "$where" --dtype float32 --rank 16 --alpha 32 --steps 2
    done
done

# The kernels for half precision are others: a GPU's losses in bfloat16, the second after a step of ordinary size, beside float32's.
for dtype in float32 bfloat16; do
    train "losses-$dtype" "$scratch/bfloat16" "$device" --dtype $dtype --rank 16 --alpha 32 --steps 3 --lr 1e-3
done

# Recorded rounds and the own kernel for four-bit weights beside none of both.
for way in fast plain; do
    [ $way = fast ] || export RETORT_GPU_GRAPHS=0 RETORT_GPU_KERNELS=0
    step "texts-$way" "$retort" complete --model "$scratch/nf4" --device "$device" --raw --ignore-eos --max-tokens "$tokens" \
        --prompts "$work/prompts.jsonl" --streams "$streams"
    unset RETORT_GPU_GRAPHS RETORT_GPU_KERNELS
done

for model in $models; do
    shape=${model%:*} layers=${model#*:} folder=$scratch/model
    rm -rf "$folder"
    step "make-$model" "$python" Benchmarks/random_model.py --shape "$shape" --layers "$layers" --out "$folder"
    cp "$folder/config.json" "$work/config-$model.json" || continue
    train "train-$model" "$folder" "$device" --rank 128 --alpha 256
    train "train-recomputed-$model" "$folder" "$device" --rank 128 --alpha 256 --checkpointing
    for way in one many; do
        prompts=$work/few.jsonl side_by_side=1
        [ $way = one ] || prompts=$work/twice.jsonl side_by_side=$streams
        step "decode-$way-$model" "$retort" complete --model "$folder" --device "$device" --raw --ignore-eos --max-tokens "$tokens" \
            --prompts "$prompts" --streams "$side_by_side"
    done
    [ -n "$has_peers" ] || continue
    for kept in recomputed kept; do
        # What 80 layers would keep fits no GPU of 80 GB.
        [ $kept = recomputed ] || [ "$shape" != qwen2.5-72b ] || continue
        option=
        [ $kept = kept ] || option=--checkpointing
        step "peft-$kept-$model" "$python" Benchmarks/peft_train.py train --folder "$work/same" --model "$folder" --device "$device" \
            --json "$work/peft-$kept-$model.json" $option
    done
    step "peer-one-$model" "$python" Benchmarks/decode_peers.py transformers --model "$folder" --device "$device" --dtype bfloat16 \
        --prompts "$work/few.jsonl" --tokens "$tokens" --json "$work/peer-one-$model.json"
    step "peer-many-$model" "$python" Benchmarks/decode_peers.py transformers --model "$folder" --device "$device" --dtype bfloat16 \
        --prompts "$work/prompts.jsonl" --batch "$streams" --tokens "$tokens" --json "$work/peer-many-$model.json"
done

FIGURES=$work/figures.jsonl "$python" Benchmarks/gpu_ratios.py "$work" --streams "$streams" --models $models >&2 || failed="$failed comparison"
"$python" Benchmarks/machine.py --device "$device"
echo
"$python" Benchmarks/figures.py table "$work/figures.jsonl"
echo "$SECONDS s" >&2
[ -z "$failed" ] || {
    echo "error: failed:$failed" >&2
    exit 1
}
