"""Tiny random decoders of every supported family, with what transformers and PEFT make of them.

    python Tests/Oracles/transformers_tiny.py        # rewrites Tests/Fixtures/Transformers/<family>/

For each family the folder holds

    model/                      config.json and model.safetensors (fp32) as transformers saves them
    adapters/<name>/            a LoRA adapter as PEFT saves it: plain (alpha/r), rslora (alpha/sqrt(r)),
                                patterns (q, v and down only, with rank_pattern and alpha_pattern)
    expected.json               token sequences, loss positions, greedy continuations, losses
    expected.safetensors        logits [tokens, vocab] and LoRA gradients

Every sequence goes through the model alone, unpadded; rows of the logits stand in the order of the packed
sequences. Logits and greedy continuations are computed in fp32. Gradients are computed by autograd in a float64
model and rounded to fp32 once, so that a difference is the other side's error and not the oracle's.
"""

import json
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import (
    LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, logging,
)

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures" / "Transformers"
VOCABULARY = 96
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LENGTHS = [7, 12, 4]
GREEDY_TOKENS = 64
STEPS, BATCH = 10, 4

SHAPE = dict(
    vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
    pad_token_id=0,
)
# head_dim 8 and theta 10000 give wavelengths of 6.3, 63, 628 and 6283 positions. With these bounds (24 and 96) the
# first is kept, the second interpolated and the others divided by the factor: all three branches are taken.
LLAMA3_ROPE = dict(
    rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=96,
)
DEFAULT_ROPE = dict(rope_type="default", rope_theta=10000.0)

FAMILIES = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SHAPE, tie_word_embeddings=False, rope_parameters=LLAMA3_ROPE)),
    "llama-tied": (LlamaForCausalLM, LlamaConfig(**SHAPE, tie_word_embeddings=True, rope_parameters=DEFAULT_ROPE)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(
        **SHAPE, tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(
        **SHAPE, head_dim=12, tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
}
LOSS_TABLES = ["llama", "qwen3"]
# Configurations written before transformers 5 give the base of the rotary embedding as rope_theta and leave head_dim
# out; most published checkpoints look like this. The other families keep what transformers 5 writes.
OLDER_CONFIGURATION = ["llama-tied", "qwen2"]


def randomise(model, generator):
    """Weights large enough that every part of the network moves the logits well above rounding."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith("norm.weight"):
                weight.copy_(1 + 0.2 * noise)
            elif name.endswith(".bias"):
                weight.copy_(0.3 * noise)
            elif "embed_tokens" in name:
                weight.copy_(noise if not model.config.tie_word_embeddings else 0.4 * noise)
            else:
                weight.copy_(1.3 * noise / weight.shape[1] ** 0.5)


def sequences(lengths, generator):
    return [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in lengths]


def packed_logits(model, batch):
    """[tokens of all sequences, vocab]: each sequence alone, results one after another."""
    return torch.cat([model(input_ids=torch.tensor([tokens])).logits[0] for tokens in batch])


def loss_positions(batch, generator):
    """Some rows of the packed logits and the id each should have predicted: not every position carries loss, and the
    last token of a sequence may (its target stands for the end token)."""
    rows, targets, start = [], [], 0
    for tokens in batch:
        following = tokens[1:] + [2]
        for position, target in enumerate(following):
            if position == len(tokens) - 1 or torch.rand((), generator=generator) < 0.6:
                rows.append(start + position)
                targets.append(target)
        start += len(tokens)
    return rows, targets


def loss_of(model, batch, rows, targets):
    logits = packed_logits(model, batch)[torch.tensor(rows)]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(targets))


def greedy(model, prompt):
    """Greedy continuation with the end token disabled, and the smallest lead of a chosen token over the runner-up."""
    model.generation_config.eos_token_id = None
    result = model.generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
        max_new_tokens=GREEDY_TOKENS, min_new_tokens=GREEDY_TOKENS, use_cache=True, output_logits=True,
        return_dict_in_generate=True)
    leads = [(step[0].topk(2).values[0] - step[0].topk(2).values[1]).item() for step in result.logits]
    return result.sequences[0, len(prompt):].tolist(), min(leads)


def adapter_configurations():
    common = dict(task_type="CAUSAL_LM", lora_dropout=0.0, bias="none", init_lora_weights=True)
    return {
        "plain": LoraConfig(r=4, lora_alpha=6, target_modules=PROJECTIONS, use_rslora=False, **common),
        "rslora": LoraConfig(r=4, lora_alpha=6, target_modules=PROJECTIONS, use_rslora=True, **common),
        "patterns": LoraConfig(
            r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"], use_rslora=True,
            rank_pattern={"layers.0.self_attn.q_proj": 2, "down_proj": 6},
            alpha_pattern={"v_proj": 10, "model.layers.1.mlp.down_proj": 3}, **common),
    }


def write_older_configuration(path):
    stored = json.loads(path.read_text())
    stored["rope_theta"] = stored.pop("rope_parameters")["rope_theta"]
    stored["torch_dtype"] = stored.pop("dtype")
    stored["rope_scaling"] = None
    for key in ("head_dim", "transformers_version", "layer_types"):
        stored.pop(key, None)
    path.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")


def save_adapter(base, configuration, folder, generator):
    """A random adapter whose B is not zero, so that both factors have a gradient."""
    adapted = get_peft_model(base, configuration)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_A" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) / weight.shape[1] ** 0.5)
            elif "lora_B" in name:
                weight.copy_(0.15 * torch.randn(weight.shape, generator=generator))
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # Where the base stood on the machine that made the fixture means nothing to a reader.
    path = folder / "adapter_config.json"
    stored = json.loads(path.read_text())
    stored["base_model_name_or_path"] = ""
    path.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")


def lora_parameters(adapted):
    return [(name, weight) for name, weight in adapted.named_parameters() if "lora_" in name]


def file_name(parameter):
    """The name under which PEFT writes a parameter: without the adapter's own name."""
    return parameter.replace(".default.", ".")


def loss_table(load, batches, dtype):
    adapted = load(dtype)
    parameters = [weight for _, weight in lora_parameters(adapted)]
    optimiser = torch.optim.AdamW(parameters, lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses = []
    for step in batches:
        optimiser.zero_grad()
        loss = loss_of(adapted, step["sequences"], step["rows"], step["targets"])
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def make(family, seed):
    build, configuration = FAMILIES[family]
    generator = torch.Generator().manual_seed(seed)
    folder = FIXTURES / family
    shutil.rmtree(folder, ignore_errors=True)
    model_folder = folder / "model"

    model = build(configuration).eval()
    randomise(model, generator)
    model.save_pretrained(model_folder)
    (model_folder / "generation_config.json").unlink(missing_ok=True)
    if family in OLDER_CONFIGURATION:
        write_older_configuration(model_folder / "config.json")

    def base(dtype=torch.float32):
        return build.from_pretrained(model_folder, dtype=dtype, attn_implementation="eager").eval()

    batch = sequences(LENGTHS, generator)
    rows, targets = loss_positions(batch, generator)
    expected = {"sequences": batch, "loss": {"rows": rows, "targets": targets, "values": {}}, "greedy": [], "training": {}}
    tensors = {}
    with torch.no_grad():
        tensors["logits"] = packed_logits(base(), batch)
        for prompt in sequences([5, 11], generator):
            continuation, lead = greedy(base(), prompt)
            expected["greedy"].append({"prompt": prompt, "continuation": continuation, "smallestLead": lead})

    for name, adapter in adapter_configurations().items():
        adapter_folder = folder / "adapters" / name
        save_adapter(base(), adapter, adapter_folder, generator)

        def load(dtype):
            adapted = PeftModel.from_pretrained(base(dtype), adapter_folder, is_trainable=True, autocast_adapter_dtype=False)
            return adapted.to(dtype).eval()

        with torch.no_grad():
            tensors[f"{name}.logits"] = packed_logits(load(torch.float32), batch)
        exact = load(torch.float64)
        loss = loss_of(exact, batch, rows, targets)
        loss.backward()
        expected["loss"]["values"][name] = loss.item()
        for parameter, weight in lora_parameters(exact):
            tensors[f"{name}.gradient.{file_name(parameter)}"] = weight.grad.float()

        if family in LOSS_TABLES and name in ("plain", "rslora"):
            if not expected["training"]:
                batches = []
                for _ in range(STEPS):
                    lengths = torch.randint(3, 12, (BATCH,), generator=generator).tolist()
                    step = sequences(lengths, generator)
                    step_rows, step_targets = loss_positions(step, generator)
                    batches.append({"sequences": step, "rows": step_rows, "targets": step_targets})
                expected["training"] = {
                    "learningRate": 1e-2, "betas": [0.9, 0.999], "epsilon": 1e-8, "weightDecay": 0.01,
                    "steps": batches, "losses": {},
                }
            single, double = (loss_table(load, batches, dtype) for dtype in (torch.float32, torch.float64))
            spread = max(abs(a - b) for a, b in zip(single, double))
            assert spread < 2e-5, f"{family}/{name}: the table depends on rounding ({spread})"
            expected["training"]["losses"][name] = single
            print(f"{family}/{name}: losses {single[0]:.4f} -> {single[-1]:.4f}, fp32 against float64 {spread:.1e}")

    if not expected["training"]:
        del expected["training"]
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{family}: {size / 1000:.0f} kB, leads {[round(g['smallestLead'], 4) for g in expected['greedy']]}, "
          f"distinct greedy ids {[len(set(g['continuation'])) for g in expected['greedy']]}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    for seed, family in enumerate(FAMILIES):
        make(family, 1234 + seed)
