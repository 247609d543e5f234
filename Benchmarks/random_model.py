"""random_model.py --shape SHAPE --out FOLDER [--layers N] [--format nf4|bfloat16] [--seed N]

A Hugging Face folder with a model's shape and random weights, written straight to disk, so that speed and memory can be measured
where no checkpoint can be had. `nf4` is what transformers saves of a model that bitsandbytes has quantised (NF4, blocks of 64,
double quantisation): for each projection `weight` [n / 2, 1], `weight.absmax`, `weight.quant_map`, `weight.nested_absmax`,
`weight.nested_quant_map`, `weight.quant_state.bitsandbytes__nf4`; embedding, head, norms and biases stay bfloat16. The random
scales keep activations of ordinary size. The tokenizer knows the 256 bytes and ChatML's tokens.
"""

import argparse
import json
import multiprocessing
from pathlib import Path

import numpy as np

SHAPES = {
    "tiny": dict(hidden=256, heads=4, groups=2, width=512, layers=4, vocabulary=512, family="qwen2"),
    "smollm2-135m": dict(hidden=576, heads=9, groups=3, width=1536, layers=30, vocabulary=49152, family="llama"),
    "qwen2.5-7b": dict(hidden=3584, heads=28, groups=4, width=18944, layers=28, vocabulary=152064, family="qwen2"),
    "qwen2.5-72b": dict(hidden=8192, heads=64, groups=8, width=29568, layers=80, vocabulary=152064, family="qwen2"),
}
# NF4's sixteen values (Dettmers et al. 2023, appendix E).
NF4 = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], dtype=np.float32)
# Which value each of the nested scales' bytes stands for is stored in the file; evenly spaced ones serve here.
NESTED = np.linspace(-1, 1, 256, dtype=np.float32)
BIASED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")  # in Qwen2
BLOCK, NESTED_BLOCK = 64, 256
SHARD_BYTES = 4 << 30
SIZES = {"BF16": 2, "F32": 4, "U8": 1}


class Noise:
    """Random bytes and bfloat16 normals out of one block each, begun anywhere in it."""

    def __init__(self, seed, size=1 << 24):
        self.random, self.size = np.random.default_rng(seed), size
        self.bytes = self.random.integers(0, 256, size, dtype=np.uint8)
        self.normals = self.random.standard_normal(size, dtype=np.float32)
        self.scaled = {}

    def pieces(self, block, count):
        while count > 0:
            start = int(self.random.integers(0, self.size // 2))
            piece = block[start:start + min(count, self.size - start)]
            count -= len(piece)
            yield piece

    def normal(self, deviation):
        """Bits of bfloat16 numbers."""
        if deviation not in self.scaled:
            self.scaled[deviation] = ((self.normals * np.float32(deviation)).view(np.uint32) >> 16).astype(np.uint16)
        return self.scaled[deviation]


def projections(shape):
    """Path, out, in of a layer's seven projections."""
    hidden, size = shape["hidden"], shape["hidden"] // shape["heads"]
    keys, width = shape["groups"] * size, shape["width"]
    return [("self_attn.q_proj", hidden, hidden), ("self_attn.k_proj", keys, hidden), ("self_attn.v_proj", keys, hidden),
            ("self_attn.o_proj", hidden, hidden), ("mlp.gate_proj", width, hidden), ("mlp.up_proj", width, hidden),
            ("mlp.down_proj", hidden, width)]


def tensors(shape, layers, is_nf4, noise):
    """Name, type, shape, and a function that gives the bytes in pieces."""
    def normal(name, dims, deviation):
        return name, "BF16", dims, lambda: noise.pieces(noise.normal(deviation), int(np.prod(dims)))

    def fixed(name, values):
        return name, {"float32": "F32", "uint8": "U8"}[values.dtype.name], list(values.shape), lambda: [values]

    def ones(name, count):
        return name, "BF16", [count], lambda: [np.full(count, 0x3F80, dtype=np.uint16)]

    hidden = shape["hidden"]
    yield normal("model.embed_tokens.weight", [shape["vocabulary"], hidden], 0.02)
    for layer in range(layers):
        prefix = f"model.layers.{layer}."
        yield ones(prefix + "input_layernorm.weight", hidden)
        yield ones(prefix + "post_attention_layernorm.weight", hidden)
        for path, rows, columns in projections(shape):
            name, deviation = f"{prefix}{path}.weight", 0.5 / columns**0.5
            if shape["family"] == "qwen2" and path in BIASED:
                yield normal(f"{prefix}{path}.bias", [rows], 0.1)
            if not is_nf4:
                yield normal(name, [rows, columns], deviation)
                continue
            count = rows * columns
            blocks = -(-count // BLOCK)
            scale = deviation / float(np.sqrt((NF4**2).mean()))
            state = dict(quant_type="nf4", blocksize=BLOCK, dtype="bfloat16", shape=[rows, columns], nested_blocksize=NESTED_BLOCK,
                         nested_dtype="float32", nested_offset=scale)
            yield name, "U8", [count // 2, 1], lambda count=count: noise.pieces(noise.bytes, count // 2)
            yield name + ".absmax", "U8", [blocks], lambda blocks=blocks: noise.pieces(noise.bytes, blocks)
            yield fixed(name + ".quant_map", NF4)
            yield fixed(name + ".nested_absmax", np.full(-(-blocks // NESTED_BLOCK), 0.25 * scale, dtype=np.float32))
            yield fixed(name + ".nested_quant_map", NESTED)
            yield fixed(name + ".quant_state.bitsandbytes__nf4", np.frombuffer(json.dumps(state).encode(), dtype=np.uint8))
    yield ones("model.norm.weight", hidden)
    if shape["family"] == "qwen2":
        yield normal("lm_head.weight", [shape["vocabulary"], hidden], 0.5 / hidden**0.5)


def write_shard(path, entries, noise, seed):
    noise.random = np.random.default_rng(seed)
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, dtype, dims, _ in entries:
        size = int(np.prod(dims)) * SIZES[dtype]
        header[name] = dict(dtype=dtype, shape=dims, data_offsets=[offset, offset + size])
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for *_, pieces in entries:
            for piece in pieces():
                file.write(piece.data)


def configuration(shape, layers, is_nf4):
    qwen = shape["family"] == "qwen2"
    result = dict(
        architectures=["Qwen2ForCausalLM" if qwen else "LlamaForCausalLM"], model_type=shape["family"], hidden_act="silu",
        hidden_size=shape["hidden"], intermediate_size=shape["width"], num_hidden_layers=layers,
        num_attention_heads=shape["heads"], num_key_value_heads=shape["groups"], vocab_size=shape["vocabulary"],
        max_position_embeddings=8192, rms_norm_eps=1e-6, rope_theta=1e6 if qwen else 1e5, tie_word_embeddings=not qwen,
        torch_dtype="bfloat16", bos_token_id=256, eos_token_id=257, initializer_range=0.02, attention_dropout=0.0)
    if qwen:
        result.update(use_sliding_window=False, sliding_window=None, max_window_layers=layers)
    if is_nf4:
        result["quantization_config"] = dict(
            quant_method="bitsandbytes", load_in_4bit=True, _load_in_4bit=True, load_in_8bit=False, _load_in_8bit=False,
            bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype="bfloat16",
            bnb_4bit_quant_storage="uint8", llm_int8_threshold=6.0, llm_int8_enable_fp32_cpu_offload=False,
            llm_int8_has_fp16_weight=False, llm_int8_skip_modules=None)
    return result


def write_tokenizer(folder):
    """Bytes as byte-level BPE without merges, and ChatML."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + place) for place, byte in enumerate(others)}
    special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    added = [dict(id=256 + place, content=token, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
             for place, token in enumerate(special)]
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    (folder / "tokenizer.json").write_text(json.dumps(dict(
        version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=level, post_processor=None,
        decoder=level, model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None,
                                  fuse_unk=False, byte_fallback=False, vocab={letters[byte]: byte for byte in range(256)}, merges=[]))))
    template = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}"
                "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(
        tokenizer_class="PreTrainedTokenizerFast", bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|endoftext|>",
        chat_template=template, model_max_length=8192)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--layers", type=int, help="fewer or more than the shape has")
    parser.add_argument("--format", choices=["nf4", "bfloat16"], default="nf4")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    shape, is_nf4 = SHAPES[options.shape], options.format == "nf4"
    layers, folder = options.layers or shape["layers"], Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)

    shards, size, noise = [[]], 0, Noise(options.seed)
    for entry in tensors(shape, layers, is_nf4, noise):
        bytes_of = int(np.prod(entry[2])) * SIZES[entry[1]]
        if shards[-1] and size + bytes_of > SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append(entry)
        size += bytes_of
    names = ["model.safetensors"] if len(shards) == 1 else [
        f"model-{number:05}-of-{len(shards):05}.safetensors" for number in range(1, len(shards) + 1)]
    # All at once: what takes time is the system's giving of memory for the files, page by page.
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_shard, args=(folder / name, entries, noise, [options.seed, number]))
               for number, (name, entries) in enumerate(zip(names, shards))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise SystemExit(f"error: {folder} could not be written whole")
    if len(shards) > 1:
        places = {entry[0]: name for name, entries in zip(names, shards) for entry in entries}
        total = sum((folder / name).stat().st_size for name in names)
        (folder / "model.safetensors.index.json").write_text(json.dumps(dict(metadata=dict(total_size=total), weight_map=places)))
    (folder / "config.json").write_text(json.dumps(configuration(shape, layers, is_nf4), indent=1))
    write_tokenizer(folder)
    print(f"{folder}: {options.shape}, {layers} layers, {options.format}, {sum((folder / n).stat().st_size for n in names) / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
