"""peft_merge.py --adapters FOLDER --out FOLDER --json FILE: merges FOLDER/0, FOLDER/1, … with PEFT's add_weighted_adapter.

TIES with density 0.8 and signs by frequency, all weights 1. The base model takes no memory: its weights are zeros without storage of
their own.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM


def base(folder):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            zeros = torch.zeros((), dtype=torch.float32).expand(parameter.shape)
            setattr(module, name, torch.nn.Parameter(zeros, requires_grad=False))
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--adapters", "--out", "--json"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    folders = sorted(path for path in Path(options.adapters).iterdir() if path.is_dir())
    names = [f"adapter{folder.name}" for folder in folders]
    model = None
    for name, folder in zip(names, folders):
        if model is None:
            model = PeftModel.from_pretrained(base(options.adapters), folder, adapter_name=name)
        else:
            model.load_adapter(folder, adapter_name=name)
    start = time.perf_counter()
    model.add_weighted_adapter(
        names, [1.0] * len(names), "merged", combination_type="ties", density=0.8, majority_sign_method="frequency")
    seconds = time.perf_counter() - start
    model.save_pretrained(options.out, selected_adapters=["merged"])
    with open(options.json, "w") as file:
        json.dump(dict(merging_seconds=seconds), file)


if __name__ == "__main__":
    main()
