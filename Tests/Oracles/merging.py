"""Reference results for Merging, made with PEFT itself.

    python Tests/Oracles/merging.py make            writes Tests/Fixtures/Merging
    python Tests/Oracles/merging.py check FOLDER EXPECTED.safetensors [FOLDER EXPECTED.safetensors …]
                                                    loads merged adapters with PEFT and compares the deltas

Needs torch, transformers, peft and safetensors (made with torch 2.13.0, transformers 5, peft 0.21.2).
"""

import json
import pathlib
import shutil
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Fixtures" / "Merging"


def base(dtype=torch.float32):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=32,
    )
    return LlamaForCausalLM(config).to(dtype)


ADAPTERS = {
    # alpha != r everywhere; `mixed` has its own alpha and rank for one module.
    "plain": dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]),
    "stable": dict(r=4, lora_alpha=16, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"]),
    "third": dict(r=4, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"]),
    "narrow": dict(r=4, lora_alpha=12, target_modules=["q_proj", "up_proj"]),
    "mixed": dict(
        r=4, lora_alpha=10, use_rslora=True, target_modules=["q_proj", "v_proj"],
        rank_pattern={"v_proj": 2}, alpha_pattern={"v_proj": 7},
    ),
    "half-a": dict(r=4, lora_alpha=8, target_modules=["q_proj"]),
    "half-b": dict(r=4, lora_alpha=12, use_rslora=True, target_modules=["q_proj"]),
}

THREE = ["plain", "stable", "third"]
CASES = {
    "ties-total-0.8": (THREE, [1, 1, 1], "ties", 0.8, "total"),
    "ties-frequency-0.8": (THREE, [1, 1, 1], "ties", 0.8, "frequency"),
    "ties-frequency-0.33-weighted": (THREE, [0.7, 1.3, -0.5], "ties", 0.33, "frequency"),
    "ties-total-1.0-weighted": (THREE, [0.25, 2, 1], "ties", 1.0, "total"),
    # The first adapter is rank-stabilised: PEFT writes use_rslora with alpha = r, a scale of sqrt(r) = 2 instead of 1.
    "ties-stable-first": (["stable", "plain"], [1, 1], "ties", 0.5, "frequency"),
    "ties-union": (["plain", "narrow"], [1, 0.5], "ties", 0.8, "total"),
    "linear": (THREE, [0.5, 0.25, 0.25], "linear", None, None),
    "linear-negative": (THREE, [1, -0.5, 1], "linear", None, None),
    "prune": (THREE, [1, 1, 0.5], "magnitude_prune", 0.6, None),
    "ties-half": (["half-a", "half-b"], [1, 0.75], "ties", 0.8, "total"),
}

# PEFT's merges of whole deltas, whose factors are one of many: what is compared is the merged delta. The first adapter is not
# rank-stabilised, so that PEFT's scale is right; the second has other ranks where `mixed`.
DELTA_CASES = {
    "cat": (["plain", "stable", "third"], [0.5, -1, 2], "cat", None, None, None),
    "cat-mixed": (["plain", "mixed"], [1, 0.5], "cat", None, None, None),
    "svd": (["plain", "stable", "third"], [0.5, -1, 2], "svd", None, None, 5),
    "ties_svd": (["plain", "stable", "third"], [1, 0.5, 1], "ties_svd", 0.6, "frequency", 6),
    "magnitude_prune_svd": (["plain", "stable"], [1, 0.5], "magnitude_prune_svd", 0.5, None, 4),
}


def factors(model, name):
    found = {}
    for path, module in model.named_modules():
        if hasattr(module, "lora_A") and name in module.lora_A:
            path = path.removeprefix("base_model.model.")
            found[path + ".A"] = module.lora_A[name].weight.data.clone().contiguous()
            found[path + ".B"] = module.lora_B[name].weight.data.clone().contiguous()
    return found


def deltas(model, name):
    found = {}
    for path, module in model.named_modules():
        if hasattr(module, "lora_A") and name in module.lora_A:
            delta = module.get_delta_weight(name).detach().float().contiguous()
            found[path.removeprefix("base_model.model.")] = delta
    return found


def make():
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "expected").mkdir(parents=True)
    for number, (name, options) in enumerate(ADAPTERS.items()):
        dtype = torch.bfloat16 if name.startswith("half") else torch.float32
        model = get_peft_model(base(dtype), LoraConfig(**options), autocast_adapter_dtype=False)
        torch.manual_seed(100 + number)
        for key, tensor in factors(model, "default").items():
            path, factor = key.rsplit(".", 1)
            module = model.get_submodule("base_model.model." + path)
            weight = (module.lora_A if factor == "A" else module.lora_B)["default"].weight
            weight.data = torch.randn(tensor.shape).to(dtype)
        model.save_pretrained(FOLDER / name)
        (FOLDER / name / "README.md").unlink(missing_ok=True)
        save_file(deltas(model, "default"), FOLDER / "expected" / f"delta-{name}.safetensors")

    make_deltas()
    cases = {}
    for case, (names, weights, method, density, sign) in CASES.items():
        half = names[0].startswith("half")
        model = None
        for name in names:
            if model is None:
                model = PeftModel.from_pretrained(
                    base(torch.bfloat16 if half else torch.float32), FOLDER / name, adapter_name=name,
                    autocast_adapter_dtype=not half)
            else:
                model.load_adapter(FOLDER / name, adapter_name=name, autocast_adapter_dtype=not half)
        more = {}
        if density is not None:
            more["density"] = density
        if sign is not None:
            more["majority_sign_method"] = sign
        model.add_weighted_adapter(names, weights, "merged", combination_type=method, **more)
        save_file(factors(model, "merged"), FOLDER / "expected" / f"{case}.safetensors")
        written = model.peft_config["merged"]
        scale = written.lora_alpha / (written.r ** 0.5 if written.use_rslora else written.r)
        cases[case] = dict(
            adapters=names, weights=weights, method=method, density=density, sign=sign, peft_written_scale=scale)
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


def make_deltas():
    cases = {}
    for case, (names, weights, method, density, sign, rank) in DELTA_CASES.items():
        model = PeftModel.from_pretrained(base(), FOLDER / names[0], adapter_name=names[0])
        for name in names[1:]:
            model.load_adapter(FOLDER / name, adapter_name=name)
        more = dict(density=density, majority_sign_method=sign, svd_rank=rank)
        model.add_weighted_adapter(
            names, weights, "merged", combination_type=method, **{key: value for key, value in more.items() if value is not None})
        save_file(deltas(model, "merged"), FOLDER / "expected" / f"merged-{case}.safetensors")
        cases[case] = dict(adapters=names, weights=weights, method=method, density=density, sign=sign, rank=rank)
    (FOLDER / "delta-cases.json").write_text(json.dumps(cases, indent=1) + "\n")


def check(folder, expected):
    """The largest difference between the deltas of an adapter, as PEFT computes them, and the expected ones,
    relative to the largest entry of each; fails if PEFT misses or does not know a tensor, or if the module sets differ."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*(missing|unexpected).*keys.*")
        model = PeftModel.from_pretrained(base(), folder, adapter_name="merged")
    found, expected = deltas(model, "merged"), load_file(expected)
    assert sorted(found) == sorted(expected), (sorted(found), sorted(expected))
    worst = max(float((found[k] - expected[k]).abs().max() / expected[k].abs().max()) for k in expected)
    return {"modules": len(found), "worst": worst}


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        make()
    elif len(sys.argv) >= 4 and len(sys.argv) % 2 == 0 and sys.argv[1] == "check":
        print(json.dumps([check(*pair) for pair in zip(sys.argv[2::2], sys.argv[3::2])]))
    else:
        sys.exit(__doc__)
