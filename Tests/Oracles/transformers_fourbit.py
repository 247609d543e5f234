"""The tiny models in 4 bits: what bitsandbytes quantises, what transformers and PEFT compute on it.

    python Tests/Oracles/transformers_fourbit.py        # rewrites Tests/Fixtures/FourBit/; needs Fixtures/Transformers

The folder holds

    nf4/                    Fixtures/Transformers/qwen2 quantised by bitsandbytes (NF4, double quantisation), saved in two shards; the
                            down projection of layer 1 is left out (llm_int8_skip_modules)
    fp4/                    Fixtures/Transformers/llama with FP4 and plain scales, in one file
    expected.json           token sequences, loss positions, the losses under the models' adapter "rslora"
    expected.safetensors    square.*, odd.*: matrices of 32 x 64 and 37 x 45 (blocks that span rows, a short last one that ends within a
                            byte), what bitsandbytes makes of them and their dequantised values; <name>.logits, <name>.adapted.logits; nf4.gradient.*: every LoRA gradient

Everything runs on the CPU in float32: bitsandbytes dequantises to float32 there, so the numbers are those of its own weights.
Its C kernel for the CPU misreads blocks that span rows (release 0.50: a width of even numbers that is no multiple of the block size), so
the models, which are that narrow, go through its generic implementation; the square matrix goes through the C kernel.
"""

import json
import shutil

import bitsandbytes.functional as functional
import torch
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, logging

from transformers_tiny import FIXTURES, file_name, lora_parameters, loss_of, loss_positions, packed_logits, sequences

FOLDER = FIXTURES.parent / "FourBit"
MODELS = {"nf4": "qwen2", "fp4": "llama"}


def load(folder, **options):
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", device_map="cpu", **options).eval()
    for module in model.modules():
        # Where the processor has bfloat16, bitsandbytes' inference rounds everything to it; these numbers are for float32.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    return model


def quantise(name, shard_size, **options):
    configuration = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float32, **options)
    model = load(FIXTURES / MODELS[name] / "model", quantization_config=configuration)
    model.save_pretrained(FOLDER / name, max_shard_size=shard_size)
    (FOLDER / name / "generation_config.json").unlink(missing_ok=True)


def matrix(name, shape, generator, tensors):
    weight = 0.3 * torch.randn(shape, generator=generator)
    weight[5] *= 40
    tensors[name] = weight
    packed, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4", compress_statistics=True)
    tensors[f"{name}.packed"] = packed.flatten()
    tensors[f"{name}.absmax"] = state.absmax
    tensors[f"{name}.nested_absmax"] = state.state2.absmax
    tensors[f"{name}.nested_quant_map"] = state.state2.code
    tensors[f"{name}.nested_offset"] = state.offset.reshape(1)
    tensors[f"{name}.dequantised"] = functional.dequantize_4bit(packed, state).contiguous()


def dequantise_generically(packed, absmax, blocksize, quant_type, shape, dtype):
    code = functional.get_4bit_type(quant_type, device="cpu")
    return _dequantize_4bit_compute(packed.reshape(-1), absmax, code, blocksize, shape, dtype)


def main():
    generator = torch.Generator().manual_seed(4)
    tensors = {}
    matrix("square", (32, 64), generator, tensors)
    matrix("odd", (37, 45), generator, tensors)
    override = torch.library.Library("bitsandbytes", "IMPL")
    override.impl("dequantize_4bit", dequantise_generically, "CPU", allow_override=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    quantise(
        "nf4", "30KB", bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        llm_int8_skip_modules=["lm_head", "model.layers.1.mlp.down_proj"])
    quantise("fp4", "1GB", bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=False)

    batch = sequences([6, 9, 4], generator)
    rows, targets = loss_positions(batch, generator)
    losses = {}
    for name in ("nf4", "fp4"):
        base = load(FOLDER / name)
        with torch.no_grad():
            tensors[f"{name}.logits"] = packed_logits(base, batch)
        adapted = PeftModel.from_pretrained(base, FIXTURES / MODELS[name] / "adapters" / "rslora", is_trainable=True)
        loss = loss_of(adapted, batch, rows, targets)
        loss.backward()
        losses[name] = loss.item()
        tensors[f"{name}.adapted.logits"] = packed_logits(adapted, batch).detach()
        if name == "nf4":
            for parameter, weight in lora_parameters(adapted):
                tensors[f"nf4.gradient.{file_name(parameter)}"] = weight.grad.float()
    (FOLDER / "expected.json").write_text(json.dumps(
        {"sequences": batch, "rows": rows, "targets": targets, "losses": losses}, separators=(",", ":")) + "\n")
    save_file({name: value.contiguous() for name, value in tensors.items()}, FOLDER / "expected.safetensors")
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    print(f"{size / 1000:.0f} kB, losses {losses}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    main()
