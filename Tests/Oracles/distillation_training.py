"""A whole training run on labels, as PEFT, transformers and torch do it.

    /path/to/python Tests/Oracles/distillation_training.py     # writes Tests/Fixtures/Distillation/tiny/

The folder holds a random Llama of two layers whose tokenizer knows bytes and ChatML (`model/`), a rank-stabilised adapter as
PEFT saves it (`adapter/`), eight labels of which two are no use (`labels.jsonl`), and `expected.json`: prompts' token ids, the
losses and gradient norms of eight steps, and the adapter after them. Every step sees all examples, so their order does not
matter. Prompts come from transformers' apply_chat_template, the loss from torch's cross_entropy and kl_div, the gradients from autograd.
"""
import json
import math
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, get_cosine_schedule_with_warmup

FOLDER = Path(__file__).resolve().parents[1] / "Fixtures" / "Distillation" / "tiny"
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SYSTEM = "Answer the question. Reply in JSON: a short reasoning, then the letter of the answer."
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ALPHA, TEMPERATURE, REASONING = 0.3, 2.0, 0.5
STEPS, WARMUP, RATE, DECAY, CLIP = 8, 1, 0.02, 0.01, 0.5


def alphabet():
    """GPT-2's: printable bytes stand for themselves, the others for the code points from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte if byte in printable else 256 + others.index(byte)): byte for byte in range(256)}


def make_tokenizer():
    inner = Tokenizer(models.BPE(vocab=alphabet(), merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<|endoftext|>", eos_token="<|im_end|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model():
    torch.manual_seed(3)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=259, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=256, eos_token_id=258))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not name.endswith("norm.weight"):
                weight.normal_(std=0.25)
    return model.float()


def make_labels():
    generator = torch.Generator().manual_seed(5)
    provenance = {
        "teacher": "a made-up teacher", "way": "free", "promptHash": "0", "maximumTokens": 120, "seed": 0,
        "sampling": {"temperature": 0, "topP": 1, "topK": 0, "repetitionPenalty": 1},
    }
    labels = []
    for number in range(8):
        answer = number % 4
        scores = torch.randn(4, generator=generator, dtype=torch.float64)
        scores[answer] += 3
        if number == 6:
            scores[(answer + 1) % 4] += 9  # a wrong letter
        scores = torch.log_softmax(scores, 0).tolist()
        total = number * 3 + 2
        labels.append({
            "question": {
                "id": f"sum-{number}", "source": "made up", "subject": "sums", "topic": "sums", "domain": "math",
                "question": f"What is {number * 3} + 2?", "choices": [str(total + k - answer) for k in range(4)], "answer": "ABCD"[answer],
            },
            "reasoning": f"{number * 3} + 2 = {total}. The answer is {total}.", "letterLogProbabilities": scores,
            "letter": "ABCD"[max(range(4), key=lambda k: scores[k])], "ending": "tokenLimit" if number == 7 else "finished",
            "tokens": 30, "seconds": 0.25, "provenance": provenance,
        })
    return labels


def examples(tokenizer, labels):
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    letters = [encode(letter)[0] for letter in "ABCD"]
    result = []
    for label in labels:
        question = label["question"]
        if label["letter"] != question["answer"] or label["ending"] != "finished":
            continue
        user = question["question"] + "".join(f"\n{letter}) {text}" for letter, text in zip("ABCD", question["choices"]))
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}]
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
        prompt = len(ids)
        taught = []  # (position of the token, its id or None for the letter)
        reply = [('{"reasoning": "', False), (label["reasoning"], True), ('"', True), (', "answer": "', False),
                 (question["answer"], None), ('"}', True), ("<|im_end|>", True)]
        for text, kind in reply:
            for token in encode(text):
                if kind is not False:
                    taught.append((len(ids), None if kind is None else token))
                ids = ids + [token]
        result.append({"ids": ids, "prompt": prompt, "taught": taught, "letters": letters,
                       "gold": "ABCD".index(question["answer"]), "teacher": label["letterLogProbabilities"]})
    return result


def loss_of(model, batch):
    hard = soft = reasoning = 0
    tokens = sum(1 for e in batch for _, token in e["taught"] if token is not None)
    for example in batch:
        logits = model(torch.tensor([example["ids"]])).logits[0]
        for position, token in example["taught"]:
            if token is not None:
                reasoning = reasoning + F.cross_entropy(logits[position - 1][None], torch.tensor([token]))
                continue
            four = logits[position - 1, example["letters"]]
            teacher = torch.tensor(example["teacher"])
            hard = hard + F.cross_entropy(four[None], torch.tensor([example["gold"]]))
            soft = soft + TEMPERATURE**2 * F.kl_div(
                F.log_softmax(four / TEMPERATURE, 0), F.log_softmax(teacher / TEMPERATURE, 0), log_target=True, reduction="sum")
    return ALPHA * hard / len(batch) + (1 - ALPHA) * soft / len(batch) + REASONING * reasoning / tokens


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    tokenizer, model, labels = make_tokenizer(), make_model(), make_labels()
    model.save_pretrained(FOLDER / "model")
    tokenizer.save_pretrained(FOLDER / "model")
    (FOLDER / "labels.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels))

    torch.manual_seed(4)
    adapted = get_peft_model(model, LoraConfig(
        r=4, lora_alpha=8, use_rslora=True, target_modules=PROJECTIONS, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05)
    adapted.save_pretrained(FOLDER / "adapter")
    (FOLDER / "adapter" / "README.md").unlink(missing_ok=True)

    batch = examples(tokenizer, labels)
    trained = [(name, p) for name, p in adapted.named_parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([p for _, p in trained], lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=DECAY)
    schedule = get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(adapted, batch)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_([p for _, p in trained], CLIP).item())
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    final = {name.replace(".default", ""): p.detach().flatten().tolist() for name, p in trained}
    (FOLDER / "expected.json").write_text(json.dumps({
        "prompts": [e["ids"][:e["prompt"]] for e in batch], "sequences": [e["ids"] for e in batch],
        "losses": losses, "norms": norms,
        "adapter": {name: [float(f"{v:.7g}") for v in values] for name, values in final.items() if ".layers.0." in name},
    }, separators=(",", ":")) + "\n")
    assert math.isfinite(losses[-1]) and losses[-1] < losses[0]
    print(losses, norms)


if __name__ == "__main__":
    main()
