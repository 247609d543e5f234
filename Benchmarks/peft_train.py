"""The peer of `retort train`: the same questions, weights, tokens and loss with transformers and PEFT.

    peft_train.py prepare --retort BIN --model GGUF --questions IN.jsonl --count N --out FOLDER
    peft_train.py train   --folder FOLDER --json OUT.json [--logits rows|all] [--rank 128 --alpha 256 …]

`prepare` keeps the first N questions whose prompt has 60 to 140 tokens, writes their token ids as `retort tokenize` gives
them (so both sides train on the same tokens), and dequantises the GGUF to an fp32 folder, so that the peer's memory is not
charged with reading GGUF. `train` trains on them and reports tokens (none of them padding), seconds spent in steps, and the
process's peak resident memory: the figures of `retort train --json`, under the same names.
"""

import argparse
import json
import random
import resource
import subprocess
import time
from pathlib import Path

PROMPT_TOKENS = range(60, 141)
SYSTEM = "Answer the question. Reply in JSON: a short reasoning, then the letter of the answer."
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def prompt_of(question):
    choices = "".join(f"\n{letter}) {text}" for letter, text in zip("ABCD", question["choices"]))
    return (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{question['question']}{choices}<|im_end|>\n"
            "<|im_start|>assistant\n")


def reply_of(question):
    """The reply's pieces, each tokenised alone, and whether it is taught ('text'), the letter, or given ('fixed')."""
    reasoning = " ".join(question["explanation"].replace('"', "'").replace("\\", "/").split()[:100])
    return [('{"reasoning": "', "fixed"), (reasoning, "text"), ('"', "text"), (', "answer": "', "fixed"),
            (question["answer"], "letter"), ('"}', "text"), ("<|im_end|>", "text")]


def tokenise(retort, model, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    result = subprocess.run([retort, "tokenize", "--model", model], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def prepare(options):
    import torch
    from transformers import AutoModelForCausalLM, logging

    logging.disable_progress_bar()

    questions = [json.loads(line) for line in open(options.questions)]
    prompts = tokenise(options.retort, options.model, [prompt_of(question) for question in questions])
    chosen = [(q, p) for q, p in zip(questions, prompts) if len(p) in PROMPT_TOKENS][:options.count]
    if len(chosen) < options.count:
        raise SystemExit(f"only {len(chosen)} of {len(questions)} questions have prompts of 60 to 140 tokens: generate more")
    pieces = [reply_of(question) for question, _ in chosen]
    ids = iter(tokenise(options.retort, options.model, [text for reply in pieces for text, _ in reply]))
    letters = [token for token, in tokenise(options.retort, options.model, list("ABCD"))]

    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "questions.jsonl", "w") as questions_file, open(out / "examples.jsonl", "w") as examples_file:
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
            example = dict(tokens=tokens[:-1], rows=rows, targets=targets, letter_row=letter_row,
                           gold="ABCD".index(question["answer"]))
            examples_file.write(json.dumps(example) + "\n")
            questions_file.write(json.dumps(question, ensure_ascii=False) + "\n")
    (out / "letters.json").write_text(json.dumps(letters))

    gguf = Path(options.model)
    dequantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    # transformers counts a model that came from a GGUF as quantised and will not save it; a plain one with its weights it will.
    configuration = dequantised.config
    if hasattr(configuration, "quantization_config"):
        del configuration.quantization_config
    plain = AutoModelForCausalLM.from_config(configuration, dtype=torch.float32)
    plain.load_state_dict(dequantised.state_dict())
    plain.save_pretrained(out / "model")


def step_loss(model, batch, letters, logits_at, reasoning_weight=1.0):
    """Letter term: cross-entropy among the four, mean over questions. Text term: mean over the batch's taught tokens."""
    import torch
    from torch.nn.functional import cross_entropy

    width = max(len(example["tokens"]) for example in batch)
    ids = torch.tensor([example["tokens"] + [0] * (width - len(example["tokens"])) for example in batch])
    mask = torch.tensor([[1] * len(e["tokens"]) + [0] * (width - len(e["tokens"])) for e in batch])
    text_rows = torch.tensor([i * width + row for i, example in enumerate(batch) for row in example["rows"]])
    letter_rows = torch.tensor([i * width + example["letter_row"] for i, example in enumerate(batch)])
    targets = torch.tensor([target for example in batch for target in example["targets"]])
    gold = torch.tensor([example["gold"] for example in batch])
    if logits_at == "all":
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits.flatten(0, 1)
        text, letter = logits[text_rows], logits[letter_rows]
    else:
        causal = model.get_base_model()
        hidden = causal.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state.flatten(0, 1)
        text, letter = causal.lm_head(hidden[torch.cat([text_rows, letter_rows])]).split([len(text_rows), len(letter_rows)])
    return cross_entropy(letter[:, letters], gold) + reasoning_weight * cross_entropy(text, targets)


def train(options):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, logging

    logging.disable_progress_bar()

    torch.manual_seed(0)
    folder = Path(options.folder)
    examples = [json.loads(line) for line in open(folder / "examples.jsonl")]
    letters = torch.tensor(json.loads((folder / "letters.json").read_text()))
    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    model = get_peft_model(model, LoraConfig(
        r=options.rank, lora_alpha=options.alpha, use_rslora=True, lora_dropout=0.0, target_modules=PROJECTIONS,
        task_type="CAUSAL_LM"))
    model.train()
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=options.lr, weight_decay=0.0, fused=True)
    random.Random(0).shuffle(examples)

    tokens, seconds, losses = 0, 0.0, []
    for first in range(0, len(examples), options.batch):
        batch = examples[first:first + options.batch]
        start = time.perf_counter()
        optimiser.zero_grad()
        loss = step_loss(model, batch, letters, options.logits)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        seconds += time.perf_counter() - start
        tokens += sum(len(example["tokens"]) for example in batch)
        losses.append(loss.item())
        print(f"PEFT: step {len(losses)}, loss {losses[-1]:.3f}, {tokens / seconds:.0f} tokens/s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    Path(options.json).write_text(json.dumps(dict(
        examples=len(examples), steps=len(losses), tokens=tokens, seconds=seconds, tokens_per_second=tokens / seconds,
        peak_resident_bytes=peak, losses=losses)) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("prepare")
    command.set_defaults(run=prepare)
    for name in ("--retort", "--model", "--questions", "--out"):
        command.add_argument(name, required=True)
    command.add_argument("--count", type=int, required=True)
    command = commands.add_parser("train")
    command.set_defaults(run=train)
    command.add_argument("--folder", required=True)
    command.add_argument("--json", required=True)
    command.add_argument("--logits", choices=["rows", "all"], default="rows")
    command.add_argument("--rank", type=int, default=128)
    command.add_argument("--alpha", type=float, default=256)
    command.add_argument("--lr", type=float, default=1e-4)
    command.add_argument("--batch", type=int, default=4)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
