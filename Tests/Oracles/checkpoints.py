"""Small files of every kind that Checkpoints reads, with what the Python libraries of the field read from them.

    python Tests/Oracles/checkpoints.py        # rewrites Tests/Fixtures/Checkpoints/; needs Fixtures/Transformers

    types.gguf, types.safetensors       one tensor of each ggml type; the floats that gguf.quants.dequantize gives
    dtypes.safetensors, dtypes.json     one tensor of each safetensors dtype, and its elements
    {llama,llama-q8,qwen2,qwen3}.gguf   the tiny models of Fixtures/Transformers as llama.cpp's converter stores them (q and k rows of
                                        the llama architecture permuted, Llama 3's rope divisors as a tensor); llama-q8 in Q8_0
    llama-q8.safetensors                that model's tensors as transformers loads them from the GGUF file
    sharded/                            a tiny model as transformers saves it in shards
    rotary.json                         transformers' inv_freq for each kind of RoPE scaling
    scales.json                         the scale that PEFT applies to each module, for configurations with patterns
"""

import json
import shutil
import tempfile
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import quants
from peft import LoraConfig, get_peft_model
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, logging
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

logging.set_verbosity_error()
FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures"
OUT = FIXTURES / "Checkpoints"
RANDOM = np.random.default_rng(20251122)


def halves(count):
    """Finite half-precision numbers of every kind: ordinary, subnormal, negative, zero, the largest."""
    values = RANDOM.normal(0, 0.1, count).astype(np.float16)
    special = np.array([0.0, -0.0, 6e-8, -3e-5, 65504.0, 1.0], dtype=np.float16)
    values[: len(special)] = special[:count]
    return values.view(np.uint8).reshape(count, 2)


def types():
    """Every bit pattern of the blocks is allowed but for scales that are not finite, so the blocks are random bytes."""
    writer = gguf.GGUFWriter(str(OUT / "types.gguf"), "fixture")
    expected = {}
    scales = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
              Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]}
    for kind, positions in scales.items():
        length, size = gguf.GGML_QUANT_SIZES[kind]
        rows, columns = 4, 2 * length
        blocks = RANDOM.integers(0, 256, (rows * columns // length, size), dtype=np.uint8)
        for position in positions:
            blocks[:, position:position + 2] = halves(len(blocks))
        data = blocks.reshape(rows, -1)
        expected[kind.name] = quants.dequantize(data, kind)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
    numbers = np.concatenate([RANDOM.normal(0, 3, 58), [0, -0.0, np.inf, -np.inf, 1e-40, 6.1e-5]]).astype(np.float32)
    plain = numbers.reshape(4, 16)
    half = plain.astype(np.float16)
    half[0, :4] = np.array([6e-8, -6e-8, 6.1e-5, 65504], dtype=np.float16)
    writer.add_tensor("F32", plain)
    writer.add_tensor("F16", half)
    brain = (plain.view(np.uint32) >> 16).astype(np.uint16)
    writer.add_tensor("BF16", brain.view(np.uint8).reshape(4, -1), raw_dtype=Type.BF16)
    expected |= {"F32": plain, "F16": half.astype(np.float32), "BF16": (brain.astype(np.uint32) << 16).view(np.float32)}
    writer.add_string("fixture.text", "Blöcke")
    writer.add_array("fixture.words", ["", "α", "two words"])
    writer.add_array("fixture.numbers", [1, -2, 3])
    writer.add_array("fixture.floats", [0.5, -1.25])
    writer.add_bool("fixture.flag", True)
    writer.add_uint64("fixture.large", 2**40)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file({name: np.ascontiguousarray(values) for name, values in expected.items()}, OUT / "types.safetensors")


def dtypes():
    tensors = {
        "F64": torch.tensor([1.5, -2.25, 1e300]), "F32": torch.tensor([[0.1, -7.0]]), "F16": torch.tensor([0.25, 3.0]).half(),
        "BF16": torch.tensor([1.0, -0.5, 3.0]).bfloat16(), "I64": torch.tensor([2**40, -3]), "I32": torch.tensor([-5], dtype=torch.int32),
        "I16": torch.tensor([300, -300], dtype=torch.int16), "I8": torch.tensor([-128, 127], dtype=torch.int8),
        "U8": torch.tensor([255, 0, 7], dtype=torch.uint8), "BOOL": torch.tensor([True, False]),
        "F8_E4M3": torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn), "empty": torch.zeros(0, 3), "scalar": torch.tensor(4.0),
    }
    tensors["F64"] = tensors["F64"].double()
    save_torch(tensors, OUT / "dtypes.safetensors", metadata={"format": "pt", "note": "“quoted” \\ line\nend"})
    readable = {name: {"shape": list(t.shape), "values": t.float().flatten().tolist()}
                for name, t in tensors.items() if name not in ("F8_E4M3", "F64")}
    (OUT / "dtypes.json").write_text(json.dumps(readable, indent=1) + "\n")


NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    stem, kind = name.rsplit(".", 1)
    if stem.startswith("model.layers."):
        _, _, layer, inner = stem.split(".", 3)
        return f"blk.{layer}.{NAMES[inner]}.{kind}"
    return f"{NAMES[stem]}.{kind}"


def permuted(weights, heads):
    """As llama.cpp's convert_hf_to_gguf.py permutes q and k: the halves of each head interleaved."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def model(family, path, quantised=False):
    source = FIXTURES / "Transformers" / family / "model"
    config = json.loads((source / "config.json").read_text())
    arch = config["model_type"]
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rope = config.get("rope_parameters") or config
    writer = gguf.GGUFWriter(str(path), arch)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if rope.get("rope_type") == "llama3":
        plain = 1.0 / rope["rope_theta"] ** (torch.arange(0, head, 2).float() / head)
        scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](LlamaConfig(**config), "cpu")
        writer.add_tensor("rope_freqs.weight", (plain / scaled).numpy())
    for name, weights in load_file(source / "model.safetensors").items():
        if arch == "llama" and ".q_proj." in name:
            weights = permuted(weights, config["num_attention_heads"])
        if arch == "llama" and ".k_proj." in name:
            weights = permuted(weights, config["num_key_value_heads"])
        weights = np.ascontiguousarray(weights)
        if quantised and weights.ndim == 2 and weights.shape[1] % 32 == 0:
            writer.add_tensor(gguf_name(name), quants.quantize(weights, Type.Q8_0), raw_dtype=Type.Q8_0)
        else:
            writer.add_tensor(gguf_name(name), weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def models():
    for family in ["llama", "qwen2", "qwen3"]:
        model(family, OUT / f"{family}.gguf")
    model("llama", OUT / "llama-q8.gguf", quantised=True)
    with tempfile.TemporaryDirectory() as folder:
        # transformers wants a vocabulary in the file, which these models do not have; it takes the configuration from beside it.
        shutil.copy(FIXTURES / "Transformers/llama/model/config.json", folder)
        shutil.copy(OUT / "llama-q8.gguf", folder)
        loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file="llama-q8.gguf", dtype=torch.float32)
        save_torch({n: t.contiguous() for n, t in loaded.state_dict().items()}, OUT / "llama-q8.safetensors")


def sharded():
    shutil.rmtree(OUT / "sharded", ignore_errors=True)
    torch.manual_seed(7)
    config = LlamaConfig(vocab_size=48, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
                         num_key_value_heads=1, max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)
    tiny = LlamaForCausalLM(config).to(torch.bfloat16)
    tiny.generation_config.eos_token_id = [2, 3]
    tiny.save_pretrained(OUT / "sharded", max_shard_size="4KB")


def rotary():
    cases = []
    common = dict(hidden_size=64, num_attention_heads=4, head_dim=16, max_position_embeddings=131072)
    for rope in [
        {"rope_type": "default", "rope_theta": 10000.0},
        {"rope_type": "default", "rope_theta": 1e6},
        {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
        {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 8192},
        {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 512},
    ]:
        config = LlamaConfig(**common, rope_parameters=rope)
        if rope["rope_type"] == "default":
            values = 1.0 / rope["rope_theta"] ** (torch.arange(0, 16, 2).float() / 16)
        else:
            values, _ = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, "cpu")
        cases.append({"rope": rope, "headSize": 16, "frequencies": values.tolist()})
    (OUT / "rotary.json").write_text(json.dumps(cases, indent=1) + "\n")


def scales():
    cases = []
    for name, settings in {
        "plain": dict(r=4, lora_alpha=8),
        "rslora": dict(r=4, lora_alpha=8, use_rslora=True),
        "patterns": dict(r=4, lora_alpha=8, rank_pattern={"v_proj": 2, "model.layers.1.mlp.up_proj": 8},
                         alpha_pattern={"v_proj": 16, "layers.0.self_attn.q_proj": 3}),
        "expressions": dict(r=4, lora_alpha=8, use_rslora=True, rank_pattern={r"layers\.[1-9]\.self_attn\.(q|k)_proj": 6, "k_proj": 3},
                            alpha_pattern={r"^model\.layers\.0\..*": 5, "mlp.down_proj": 7}),
    }.items():
        torch.manual_seed(1)
        base = LlamaForCausalLM(LlamaConfig(vocab_size=8, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                                            num_attention_heads=2, num_key_value_heads=1))
        config = LoraConfig(target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
                            task_type="CAUSAL_LM", **settings)
        adapted = get_peft_model(base, config)
        modules = {
            path.removeprefix("base_model.model."): {"rank": module.r["default"], "scale": module.scaling["default"]}
            for path, module in adapted.named_modules() if hasattr(module, "lora_A")
        }
        written = config.to_dict()
        written["target_modules"] = sorted(written["target_modules"])
        cases.append({"name": name, "config": written, "modules": modules})
    (OUT / "scales.json").write_text(json.dumps(cases, indent=1, default=str) + "\n")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    types()
    dtypes()
    models()
    sharded()
    rotary()
    scales()
