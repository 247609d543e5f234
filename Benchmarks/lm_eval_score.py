"""lm_eval_score.py --model FOLDER --tasks FOLDER --batch N --json OUT: the peer of `retort evaluate --style mmlu`.

lm-evaluation-harness (hf backend, float32) on the tasks that mmlu_task.py wrote. Timed is the scoring of the requests alone:
loading, reading the tasks and building the prompts are left out. It writes for each question's id the four letters' scores.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("--model", "--tasks", "--json"):
    parser.add_argument(name, required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--device", default="cpu")
options = parser.parse_args()


class Timed(HFLM):
    seconds = 0.0

    def loglikelihood(self, requests, disable_tqdm=True):
        start = time.perf_counter()
        try:
            return super().loglikelihood(requests, disable_tqdm=True)
        finally:
            self.seconds += time.perf_counter() - start


model = Timed(pretrained=options.model, device=options.device, dtype=torch.float32, batch_size=options.batch)
names = [f"same_{path.stem}" for path in sorted(Path(options.tasks).glob("*.yaml"))]
results = lm_eval.simple_evaluate(
    model=model, tasks=names, task_manager=TaskManager(include_path=options.tasks, include_defaults=False), bootstrap_iters=0,
    log_samples=True)
scores, right = {}, 0
for name in names:
    for sample in results["samples"][name]:
        scores[sample["doc"]["id"]] = [float(response[0]) for response in sample["filtered_resps"]]
        right += sample["acc"]
Path(options.json).write_text(json.dumps(dict(
    batch=options.batch, questions=len(scores), seconds=model.seconds, questions_per_second=len(scores) / model.seconds,
    accuracy=right / len(scores), peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, scores=scores)) + "\n")
print(f"lm-evaluation-harness, batch {options.batch}: {len(scores)} questions in {model.seconds:.1f} s "
      f"({len(scores) / model.seconds:.2f}/s), accuracy {right / len(scores):.4f}", flush=True)
