"""random_adapters.py --shape SHAPE --out FOLDER [--count 4] [--rank 128] [--layers N] [--dtype float32|bfloat16] [--seed N]

LoRA adapters of a model's shape with random weights, rank-stabilised, on all seven projections: FOLDER/0, FOLDER/1, … as PEFT saves
them, and FOLDER/config.json of the base model. Written a tensor at a time.
"""

import argparse
import json
from pathlib import Path

import numpy as np

SHAPES = {
    "tiny": dict(hidden=64, heads=4, groups=2, width=128, layers=2),
    "qwen2.5-1.5b": dict(hidden=1536, heads=12, groups=2, width=8960, layers=28),
    "qwen2.5-72b": dict(hidden=8192, heads=64, groups=8, width=29568, layers=80),
}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def modules(shape, layers):
    """(path, out, in) of every projection."""
    hidden, width = shape["hidden"], shape["width"]
    keys = hidden // shape["heads"] * shape["groups"]
    sizes = [(hidden, hidden), (keys, hidden), (keys, hidden), (hidden, hidden), (width, hidden), (width, hidden), (hidden, width)]
    for layer in range(layers):
        for name, (rows, columns) in zip(TARGETS, sizes):
            part = "self_attn" if name[0] in "qkvo" else "mlp"
            yield f"model.layers.{layer}.{part}.{name}", rows, columns


def write(folder, shape, layers, rank, dtype, random):
    folder.mkdir(parents=True)
    size, offset, header, tensors = (4, 0, {}, []) if dtype == "float32" else (2, 0, {}, [])
    for path, rows, columns in modules(shape, layers):
        for factor, sides in (("lora_A", [rank, columns]), ("lora_B", [rows, rank])):
            count = sides[0] * sides[1]
            header[f"base_model.model.{path}.{factor}.weight"] = dict(
                dtype="F32" if size == 4 else "BF16", shape=sides, data_offsets=[offset, offset + count * size])
            offset += count * size
            tensors.append(count)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "adapter_model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for count in tensors:
            values = random.standard_normal(count, dtype=np.float32) * np.float32(0.02)
            file.write(values.tobytes() if size == 4 else (values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    configuration = dict(
        peft_type="LORA", task_type="CAUSAL_LM", base_model_name_or_path=None, r=rank, lora_alpha=2 * rank, lora_dropout=0.0, bias="none",
        use_rslora=True, target_modules=TARGETS, inference_mode=True)
    (folder / "adapter_config.json").write_text(json.dumps(configuration, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--rank", type=int, default=128)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shape = SHAPES[options.shape]
    layers = options.layers or shape["layers"]
    for number in range(options.count):
        random = np.random.default_rng([options.seed, number])
        write(options.out / str(number), shape, layers, options.rank, options.dtype, random)
    (options.out / "config.json").write_text(json.dumps(dict(
        architectures=["Qwen2ForCausalLM"], model_type="qwen2", hidden_size=shape["hidden"], intermediate_size=shape["width"],
        num_hidden_layers=layers, num_attention_heads=shape["heads"], num_key_value_heads=shape["groups"], vocab_size=512), indent=1))


if __name__ == "__main__":
    main()
