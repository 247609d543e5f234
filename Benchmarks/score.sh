#!/usr/bin/env bash
# MMLU 5-shot scoring side by side: `retort evaluate --style mmlu` and lm-evaluation-harness (hf backend, batch 1 and 8, the
# faster one counts), on the same questions, weights (SmolLM2-135M, dequantised to fp32), prompts, threads and libtorch. Loading
# counts for neither side. Ends in an error if the letters differ on any question where rounding does not decide.
#
#   QUESTIONS=FOLDER    MMLU's own questions (see mmlu_task.py); by default questions that `retort generate` makes
#   SUBJECTS="A B C"    of QUESTIONS
#   COUNT=50            questions a subject
#   see peers.sh for RETORT_PEERS_PYTHON, FP32_MODEL, FIGURES
set -euo pipefail
cd "$(dirname "$0")/.."
source Benchmarks/peers.sh
begin lm_eval

count=${COUNT:-50}
if [ -n "${QUESTIONS:-}" ]; then
    # shellcheck disable=SC2086
    "$peers" Benchmarks/mmlu_task.py --out "$work/same" --count "$count" --questions "$QUESTIONS" \
        --subjects ${SUBJECTS:-abstract_algebra formal_logic high_school_geography}
else
    for domain in math stem humanities; do
        "$retort" generate --domain $domain --count $((count + 5)) --seed 1 -o "$work/$domain.jsonl"
    done
    "$peers" Benchmarks/mmlu_task.py --out "$work/same" --count "$count" --generated "$work"/{math,stem,humanities}.jsonl
fi
for batch in 1 8; do
    "$peers" Benchmarks/lm_eval_score.py --model "$weights" --tasks "$work/same/tasks" --batch $batch --json "$work/peer-$batch.json"
done
"$peers" Benchmarks/measure.py "$work/process.json" "$retort" evaluate --model "$weights" --style mmlu \
    --questions "$work/same/test.jsonl" --shots "$work/same/dev.jsonl" --num-shots 5 --json "$work/retort.json"
"$peers" Benchmarks/score_ratios.py --retort "$work/retort.json" --process "$work/process.json" --peers "$work"/peer-{1,8}.json \
    --same "$work/same" --model "$weights" --machine "$work/machine.json"
