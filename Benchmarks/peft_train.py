"""The peer of `retort train`: the same questions, labels, weights, adapter, order, tokens and loss with transformers and PEFT.

    peft_train.py prepare --retort BIN --model MODEL --questions IN.jsonl --count N --out FOLDER [--prompt-tokens 60:140]
    peft_train.py train   --folder FOLDER --model MODEL --json OUT.json [--logits rows|all] [--device cuda] …

`prepare` keeps the first N questions whose prompt has so many tokens, writes their token ids as `retort tokenize` gives them
(so both sides train on the same tokens), a teacher's labels for `retort train --labels`, and PEFT's untrained adapter for
`retort train --adapter`. The teacher is random but fixed; of eight questions it prefers a wrong letter at one, where the loss is
that of the right letter alone. With --passage every prompt is filled with text of other questions up to the upper bound.

`train` trains on them in their order and reports tokens (none of them padding), seconds spent in steps, and the process's peak
resident memory: the figures of `retort train --json`, under the same names.
"""

import argparse
import json
import math
import random
import resource
import subprocess
import time
from pathlib import Path

SYSTEM = "Answer the question. Reply in JSON: a short reasoning, then the letter of the answer."
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ALPHA, TEMPERATURE, REASONING_WEIGHT = 0.3, 2.0, 1.0  # of the loss: retort's defaults


def prompt_of(question):
    choices = "".join(f"\n{letter}) {text}" for letter, text in zip("ABCD", question["choices"]))
    return (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{question['question']}{choices}<|im_end|>\n"
            "<|im_start|>assistant\n")


def reasoning_of(question):
    return " ".join(question["explanation"].replace('"', "'").replace("\\", "/").split()[:100])


def reply_of(question):
    """The reply's pieces, each tokenised alone, and whether it is taught ('text'), the letter, or given ('fixed')."""
    return [('{"reasoning": "', "fixed"), (reasoning_of(question), "text"), ('"', "text"), (', "answer": "', "fixed"),
            (question["answer"], "letter"), ('"}', "text"), ("<|im_end|>", "text")]


def tokenise(retort, model, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    result = subprocess.run([retort, "tokenize", "--model", model], input=lines, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr)
    return [json.loads(line) for line in result.stdout.splitlines()]


def teacher_of(question, draw):
    """Four log-probabilities whose likeliest is the right letter, mostly."""
    logits = sorted(draw.gauss(0, 1.5) for _ in range(4))
    best = logits.pop()
    draw.shuffle(logits)
    gold = "ABCD".index(question["answer"])
    logits.insert(gold if draw.random() >= 1 / 8 else (gold + 1) % 4, best)
    total = math.log(sum(map(math.exp, logits)))
    return [logit - total for logit in logits]


def label_of(question, scores, tokens):
    provenance = dict(teacher="random numbers of seed 0", way="informed", promptHash="none", maximumTokens=1000, seed=0,
                      sampling=dict(temperature=0, topP=1, topK=0, repetitionPenalty=1))
    return dict(question=question, reasoning=reasoning_of(question), letterLogProbabilities=scores,
                letter="ABCD"[scores.index(max(scores))], ending="finished", tokens=tokens, seconds=0, provenance=provenance)


def lengthened(retort, model, questions, tokens):
    """The questions with other questions' explanations before them: as many as leave the prompt within `tokens`."""
    draw = random.Random(1)
    sizes = [len(ids) for ids in tokenise(retort, model, [prompt_of(question) for question in questions])]
    texts = [question["explanation"] for question in questions]
    text_sizes = [len(ids) + 1 for ids in tokenise(retort, model, texts)]
    for question, size in zip(questions, sizes):
        passage = []
        while (pick := draw.randrange(len(texts))) is not None and size + text_sizes[pick] + 2 <= tokens:
            passage.append(texts[pick])
            size += text_sizes[pick]
        question["question"] = " ".join(passage + [question["question"]])
    return questions


def prepare(options):
    least, most = map(int, options.prompt_tokens.split(":"))
    questions = [json.loads(line) for line in open(options.questions)]
    if options.passage:
        questions = lengthened(options.retort, options.model, questions, most)
    prompts = tokenise(options.retort, options.model, [prompt_of(question) for question in questions])
    chosen = [(q, p) for q, p in zip(questions, prompts) if least <= len(p) <= most][:options.count]
    if len(chosen) < options.count:
        raise SystemExit(f"only {len(chosen)} of {len(questions)} questions have prompts of {least} to {most} tokens: generate more")
    pieces = [reply_of(question) for question, _ in chosen]
    ids = iter(tokenise(options.retort, options.model, [text for reply in pieces for text, _ in reply]))
    letters = [token for token, in tokenise(options.retort, options.model, list("ABCD"))]

    out, draw = Path(options.out), random.Random(0)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "labels.jsonl", "w") as labels_file, open(out / "examples.jsonl", "w") as examples_file:
        for (question, prompt), reply in zip(chosen, pieces):
            tokens, rows, targets, letter_row = list(prompt), [], [], None
            for _, kind in reply:
                for token in next(ids):
                    if kind == "letter":
                        letter_row = len(tokens) - 1
                    elif kind == "text":
                        rows.append(len(tokens) - 1)
                        targets.append(token)
                    tokens.append(token)
            scores, gold = teacher_of(question, draw), "ABCD".index(question["answer"])
            example = dict(tokens=tokens[:-1], rows=rows, targets=targets, letter_row=letter_row, gold=gold,
                           teacher=scores if scores.index(max(scores)) == gold else None)
            examples_file.write(json.dumps(example) + "\n")
            labels_file.write(json.dumps(label_of(question, scores, len(targets)), ensure_ascii=False) + "\n")
    (out / "letters.json").write_text(json.dumps(letters))
    if options.rank:
        model = with_adapter(options, base(options.model, "cpu"))
        model.peft_config["default"].base_model_name_or_path = options.model
        model.save_pretrained(out / "adapter")


def base(path, device):
    """The model in float32 on a CPU; on a GPU, or where its file holds 4-bit weights, in bfloat16."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, logging

    logging.disable_progress_bar()
    torch.manual_seed(0)
    quantised = getattr(AutoConfig.from_pretrained(path), "quantization_config", None)
    dtype = torch.float32 if device == "cpu" and not quantised else torch.bfloat16
    return AutoModelForCausalLM.from_pretrained(path, dtype=dtype, device_map=device)


def with_adapter(options, model):
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(
        r=options.rank, lora_alpha=options.alpha, use_rslora=True, lora_dropout=0.0, target_modules=PROJECTIONS,
        task_type="CAUSAL_LM"))


def step_loss(model, batch, letters, logits_at):
    """α·CE + (1 − α)·T²·KL among the four letters, mean over questions; λ·CE of the text, mean over the batch's taught tokens."""
    import torch
    from torch.nn.functional import cross_entropy, log_softmax

    device, width = letters.device, max(len(example["tokens"]) for example in batch)
    ids = torch.tensor([e["tokens"] + [0] * (width - len(e["tokens"])) for e in batch], device=device)
    mask = torch.tensor([[1] * len(e["tokens"]) + [0] * (width - len(e["tokens"])) for e in batch], device=device)
    text_rows = torch.tensor([i * width + row for i, example in enumerate(batch) for row in example["rows"]], device=device)
    letter_rows = torch.tensor([i * width + example["letter_row"] for i, example in enumerate(batch)], device=device)
    targets = torch.tensor([target for example in batch for target in example["targets"]], device=device)
    gold = torch.tensor([example["gold"] for example in batch], device=device)
    if logits_at == "all":
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.flatten(0, 1)
        text, letter = logits[text_rows], logits[letter_rows]
    else:
        causal = model.get_base_model()
        hidden = causal.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state.flatten(0, 1)
        text, letter = causal.lm_head(hidden[torch.cat([text_rows, letter_rows])]).split([len(text_rows), len(letter_rows)])
    letter = letter[:, letters].float()
    hard = cross_entropy(letter, gold, reduction="none")
    known = torch.tensor([example["teacher"] is not None for example in batch], device=device)
    teacher = torch.tensor([example["teacher"] or [0.0] * 4 for example in batch], device=device)
    wanted, said = log_softmax(teacher / TEMPERATURE, -1), log_softmax(letter / TEMPERATURE, -1)
    soft = TEMPERATURE**2 * (wanted.exp() * (wanted - said)).sum(-1)
    mixed = torch.where(known, ALPHA * hard + (1 - ALPHA) * soft, hard)
    return mixed.mean() + REASONING_WEIGHT * cross_entropy(text.float(), targets)


def train(options):
    import torch
    from peft import PeftModel, prepare_model_for_kbit_training

    folder, device = Path(options.folder), options.device
    examples = [json.loads(line) for line in open(folder / "examples.jsonl")]
    letters = torch.tensor(json.loads((folder / "letters.json").read_text()), device=device)
    model = base(options.model, device)
    if options.checkpointing:
        model = prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs=dict(use_reentrant=False))
    if (folder / "adapter").exists():
        model = PeftModel.from_pretrained(model, folder / "adapter", is_trainable=True)
    else:
        model = with_adapter(options, model)
    model.train()
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=options.lr, weight_decay=0.0, fused=True)

    def now():
        if device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter()

    counts, seconds, losses = [], [], []
    for first in range(0, len(examples), options.batch):
        batch = examples[first:first + options.batch]
        start = now()
        optimiser.zero_grad()
        # As transformers' Trainer does with bf16=True; without it PEFT computes the adapter in float32.
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=device != "cpu"):
            loss = step_loss(model, batch, letters, options.logits)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        seconds.append(now() - start)
        counts.append(sum(len(example["tokens"]) for example in batch))
        losses.append(loss.item())
        print(f"PEFT: step {len(losses)}, loss {losses[-1]:.3f}, {counts[-1] / seconds[-1]:.0f} tokens/s", flush=True)
    Path(options.json).write_text(json.dumps(dict(
        examples=len(examples), steps=len(losses), tokens=sum(counts), seconds=sum(seconds),
        tokens_per_second=sum(counts) / sum(seconds), step_tokens=counts, step_seconds=seconds,
        peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, losses=losses, logits=options.logits)) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("prepare")
    command.set_defaults(run=prepare)
    for name in ("--retort", "--model", "--questions", "--out"):
        command.add_argument(name, required=True)
    command.add_argument("--count", type=int, required=True)
    command.add_argument("--prompt-tokens", default="60:140")
    command.add_argument("--passage", action="store_true")
    command.add_argument("--rank", type=int, default=128, help="of the first adapter; 0 writes none")
    command.add_argument("--alpha", type=float, default=256)
    command = commands.add_parser("train")
    command.set_defaults(run=train)
    for name in ("--folder", "--model", "--json"):
        command.add_argument(name, required=True)
    command.add_argument("--logits", choices=["rows", "all"], default="all")
    command.add_argument("--device", default="cpu")
    command.add_argument("--checkpointing", action="store_true", help="as QLoRA is mostly run: less memory, more time")
    command.add_argument("--rank", type=int, default=128, help="of a fresh adapter, where FOLDER holds none")
    command.add_argument("--alpha", type=float, default=256)
    command.add_argument("--lr", type=float, default=1e-4)
    command.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
