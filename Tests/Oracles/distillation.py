"""What PyTorch says about the distillation loss, AdamW with clipping, and the schedules.

    /path/to/python Tests/Oracles/distillation.py      # writes Tests/Fixtures/Distillation/*.json

The loss is computed by torch's own cross_entropy, kl_div and autograd in float64.
"""
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

FOLDER = Path(__file__).parent.parent / "Fixtures" / "Distillation"
VOCABULARY, LETTERS = 23, [4, 9, 2, 17]


def loss_cases():
    generator = torch.Generator().manual_seed(7)
    # Two examples with teacher, one without; token rows before and after each letter.
    targets = [
        {"token": 3}, {"token": 9}, {"letter": 1, "teacher": True}, {"token": 0}, {"token": 22},
        {"token": 5}, {"letter": 3, "teacher": True}, {"token": 22},
        {"letter": 0, "teacher": False}, {"token": 22},
    ]
    logits = torch.randn(len(targets), VOCABULARY, generator=generator, dtype=torch.float64) * 3
    for target in targets:
        if target.get("teacher"):
            target["teacher"] = torch.log_softmax(torch.randn(4, generator=generator, dtype=torch.float64) * 2, 0).tolist()
        elif "letter" in target:
            target["teacher"] = None
    cases = []
    for alpha, temperature, square, weight in [(0.3, 2.0, True, 1.0), (0.3, 2.0, False, 0.5), (0.0, 4.0, True, 0.0), (1.0, 1.0, True, 0.7)]:
        z = logits.clone().requires_grad_()
        hard, soft, weighted, reasoning, questions, tokens = 0, 0, 0, 0, 0, 0
        for row, target in enumerate(targets):
            if "token" in target:
                reasoning = reasoning + F.cross_entropy(z[row:row + 1], torch.tensor([target["token"]]))
                tokens += 1
                continue
            questions += 1
            four = z[row, LETTERS]
            ce = F.cross_entropy(four[None], torch.tensor([target["letter"]]))
            hard = hard + ce
            if target["teacher"] is None:
                weighted = weighted + ce
                continue
            teacher = torch.tensor(target["teacher"], dtype=torch.float64)
            kl = F.kl_div(F.log_softmax(four / temperature, 0), F.log_softmax(teacher / temperature, 0), log_target=True, reduction="sum")
            kl = kl * (temperature**2 if square else 1)
            soft = soft + kl
            weighted = weighted + alpha * ce + (1 - alpha) * kl
        total = weighted / questions + weight * reasoning / tokens
        total.backward()
        cases.append({
            "alpha": alpha, "temperature": temperature, "square": square, "reasoningWeight": weight,
            "hard": (hard / questions).detach().item(), "soft": (soft / questions).detach().item(), "reasoning": (reasoning / tokens).detach().item(),
            "total": total.detach().item(), "gradient": z.grad.flatten().tolist(),
        })
    return {"vocabulary": VOCABULARY, "letters": LETTERS, "targets": targets, "logits": logits.flatten().tolist(), "cases": cases}


def dense_cases():
    """Rows with a teacher's likeliest tokens: with ids (a divergence with the rest as one outcome) and without (sorted probabilities)."""
    generator = torch.Generator().manual_seed(13)
    logits = torch.randn(5, VOCABULARY, generator=generator, dtype=torch.float64) * 2
    rows = []
    for row, (width, shared) in enumerate([(6, True), (3, True), (6, False), (4, False)]):
        full = torch.log_softmax(torch.randn(VOCABULARY, generator=generator, dtype=torch.float64) * 2, 0)
        top = full.topk(width)
        rows.append({"token": row + 2, "ids": top.indices.tolist() if shared else [], "logProbabilities": top.values.tolist()})
    rows.append({"token": 7})
    cases = []
    for reasoning_weight, dense_weight in [(1.0, 1.0), (0.0, 0.5), (0.7, 2.0), (1.0, 0.0)]:
        z = logits.clone().requires_grad_()
        reasoning = F.cross_entropy(z, torch.tensor([row["token"] for row in rows]))
        distances = []
        for row, target in enumerate(rows[:-1]):
            p = torch.tensor(target["logProbabilities"], dtype=torch.float64).exp()
            q = torch.softmax(z[row], 0)
            top = q[target["ids"]] if target["ids"] else q.sort(descending=True).values[:len(p)]
            p, q = torch.cat([p, 1 - p.sum()[None]]), torch.cat([top, 1 - top.sum()[None]])
            distances.append(F.kl_div(q.log(), p, reduction="sum") if target["ids"] else (p - q).abs().sum())
        dense = torch.stack(distances).mean()
        total = reasoning_weight * reasoning + dense_weight * dense
        total.backward()
        cases.append({
            "reasoningWeight": reasoning_weight, "denseWeight": dense_weight, "reasoning": reasoning.item(), "dense": dense.item(),
            "total": total.item(), "gradient": z.grad.flatten().tolist(),
        })
    return {"vocabulary": VOCABULARY, "letters": LETTERS, "rows": rows, "logits": logits.flatten().tolist(), "cases": cases}


def optimizer_case():
    """Six steps of AdamW on two tensors, gradients clipped to norm 1, learning rate by a cosine with warm-up."""
    generator = torch.Generator().manual_seed(11)
    shapes = [[3, 4], [5]]
    parameters = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]
    start = [p.detach().flatten().tolist() for p in parameters]
    optimizer = torch.optim.AdamW(parameters, lr=0.05, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step, 2, 6))
    steps = []
    for number in range(6):
        scale = [4.0, 0.1, 1.0, 30.0, 0.01, 2.0][number]
        gradients = [torch.randn(shape, generator=generator) * scale for shape in shapes]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0).item()
        rate = scheduler.get_last_lr()[0]
        optimizer.step()
        scheduler.step()
        steps.append({
            "gradients": [g.flatten().tolist() for g in gradients], "norm": norm, "rate": rate,
            "parameters": [p.detach().flatten().tolist() for p in parameters],
        })
    return {"shapes": shapes, "start": start, "steps": steps}


def cosine(step, warmup, total):
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))))


def schedules():
    from transformers import get_constant_schedule_with_warmup, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

    def rates(make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)
        scheduler = make(optimizer)
        values = []
        for _ in range(20):
            values.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        return values

    return {
        "peak": 0.2, "warmup": 3, "total": 17,
        "constant": rates(lambda o: get_constant_schedule_with_warmup(o, 3)),
        "linear": rates(lambda o: get_linear_schedule_with_warmup(o, 3, 17)),
        "cosine": rates(lambda o: get_cosine_schedule_with_warmup(o, 3, 17)),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in [("loss", loss_cases()), ("dense", dense_cases()), ("optimizer", optimizer_case()), ("schedules", schedules())]:
        (FOLDER / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
