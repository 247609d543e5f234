#!/usr/bin/env bash
# `retort serve` under load: 64 connections that ask the answer agent without a pause for a minute, on SmolLM2-135M in int8. Counts by status, times,
# answers after their deadline, memory before and after, and tokens a second beside one connection alone. Then 16 chats at once, beside llama.cpp's
# server on the same file.
#
#   CONNECTIONS=64 SECONDS_EACH=60
#   ADAPTER=FOLDER               served twice, as two adapters that requests take in turn (default: one of rank 16, trained for a moment)
#   PEER=0                       leaves llama.cpp out (else scripts/setup --llama installs it)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment
retort=.build/release/retort
[ -x "$retort" ] || fail "$retort is not there" "nothing was built" "scripts/setup and swift build -c release"
if [ "${PEER:-1}" = 1 ] && [ -z "${RETORT_LLAMA_PYTHON:-}" ]; then
    scripts/setup --llama
    source scripts/environment
fi
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

"$retort" generate --domain humanities --count 200 --seed 5 -o "$work/questions.jsonl" >/dev/null
adapter=${ADAPTER:-$work/adapter}
[ -n "${ADAPTER:-}" ] || "$retort" train --model "$RETORT_DEMO_MODEL" --questions "$work/questions.jsonl" --rank 16 --alpha 16 --rslora --lr 2e-4 \
    --batch 4 --steps 8 -o "$adapter" >/dev/null
"$retort" serve --model "$RETORT_DEMO_MODEL" --quantization int8 --port 0 --adapter "first=$adapter" --adapter "second=$adapter" \
    >"$work/out" 2>"$work/log" &
servers+=($!)
for _ in $(seq 600); do grep -q '^serving on' "$work/out" && break; sleep 0.1; done
address=$(sed -n 's/^serving on //p' "$work/out")
[ -n "$address" ] || { cat "$work/log" >&2; exit 1; }
grep warmed "$work/log"

load() { python3 Benchmarks/serve_load.py "$@"; }
echo "== one connection, answers"
load answers "$address" "$work/questions.jsonl" --connections 1 --seconds 15
echo "== ${CONNECTIONS:-64} connections, answers"
load answers "$address" "$work/questions.jsonl" --connections "${CONNECTIONS:-64}" --seconds "${SECONDS_EACH:-60}"
echo "== letters alone, one adapter and two in turn"
load swaps "$address" "$work/questions.jsonl"
echo "== 1 and 16 chats at once, the base"
load chats "$address" --connections 1 --seconds 10
load chats "$address" --connections 16 --seconds 20
kill -TERM "${servers[0]}"
wait "${servers[0]}" && echo "the server ended with 0"

if [ "${PEER:-1}" = 1 ]; then
    echo "== 1 and 16 chats at once, llama.cpp's server"
    "$RETORT_LLAMA_PYTHON" - "$RETORT_DEMO_MODEL" >"$work/peer" 2>&1 <<'PYTHON' &
import sys, threading, xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path, settings.hostnames, settings.port = sys.argv[1], ["127.0.0.1"], 18437
settings.n_parallel, settings.n_ctx = 16, 16 * 2048
server = xllamacpp.Server(settings)
threading.Event().wait()
PYTHON
    servers+=($!)
    for _ in $(seq 300); do
        python3 -c 'import urllib.request; urllib.request.urlopen("http://127.0.0.1:18437/health")' 2>/dev/null && break
        sleep 0.2
    done
    load chats http://127.0.0.1:18437/ --connections 1 --seconds 10
    load chats http://127.0.0.1:18437/ --connections 16 --seconds 20
fi
