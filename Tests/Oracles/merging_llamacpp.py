"""What llama.cpp makes of an exported adapter, beside Retort: greedy text of both on the same GGUF file.

    python Tests/Oracles/merging_llamacpp.py --retort .build/release/retort --model MODEL.gguf --adapter FOLDER [--tokens 48]

Exports the PEFT adapter FOLDER with `retort export --format gguf`, lets llama.cpp (through xllamacpp) apply it to MODEL.gguf, and prints
for each prompt how many of Retort's tokens llama.cpp would have chosen too at the same place, with the adapter and without it. It rounds
activations to 8 bits, so near ties fall either way: ends in an error if it chooses fewer than nine of ten, or the base alone as many.

Needs xllamacpp (made with 2026.10) and, for retort, RETORT_TORCH.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request

PROMPTS = ["The capital of France is", "Water boils at", "def reverse(items):", "Once upon a time"]


def llama_cpp(model, adapter=None):
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.n_ctx, settings.n_parallel, settings.n_gpu_layers, settings.verbosity, settings.port = 1024, 1, 0, -1, 0
    if adapter:
        settings.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(adapter, 1.0)]
    server = xllamacpp.Server(settings)

    def complete(ids, tokens):
        body = dict(prompt=ids, n_predict=tokens, temperature=0, top_k=1, ignore_eos=True, cache_prompt=True, return_tokens=True)
        request = urllib.request.Request(
            f"{server.listening_address}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)["tokens"]

    return complete


def retort(options, text):
    """The prompt's ids and the greedy ones behind it."""
    ids = json.loads(subprocess.run(
        [options.retort, "tokenize", "--model", options.model], input=json.dumps(text), capture_output=True, text=True, check=True).stdout)
    command = [options.retort, "complete", "--model", options.model, "--adapter", options.adapter, "--raw", "--ignore-eos", "--json",
               "--max-tokens", str(options.tokens), text]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return ids, answer["ids"], answer["text"]


def agreement(complete, ids, continuation):
    """How many tokens of a continuation are the likeliest ones at their place."""
    return sum(complete(ids + continuation[:place], 1) == [token] for place, token in enumerate(continuation))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--retort", "--model", "--adapter"):
        parser.add_argument(name, required=True)
    parser.add_argument("--tokens", type=int, default=48)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exported = os.path.join(folder, "adapter.gguf")
        subprocess.run(
            [options.retort, "export", options.adapter, "--model", options.model, "--format", "gguf", "-o", exported],
            stdout=subprocess.DEVNULL, check=True)
        base, adapted = llama_cpp(options.model), llama_cpp(options.model, exported)
        agreed, alone = 0, 0
        for prompt in PROMPTS:
            ids, ours, text = retort(options, prompt)
            same, plain = agreement(adapted, ids, ours), agreement(base, ids, ours)
            agreed, alone = agreed + same, alone + plain
            print(f"{prompt!r}: llama.cpp chooses {same} of retort's {len(ours)} tokens, without the adapter {plain}: {text!r}", flush=True)
    every = options.tokens * len(PROMPTS)
    print(f"{agreed} of {every} with the adapter, {alone} without")
    if agreed < 0.9 * every or alone >= agreed:
        sys.exit("the exported adapter is not the same")


if __name__ == "__main__":
    main()
