"""What llama.cpp makes of an exported adapter, beside Retort: greedy text of both on the same GGUF file.

    python Tests/Oracles/merging_llamacpp.py --retort .build/release/retort --model MODEL.gguf --adapter FOLDER [--tokens 48]

Exports the PEFT adapter FOLDER with `retort export --format gguf`, lets llama.cpp (through xllamacpp) apply it to MODEL.gguf, and prints
for each prompt how many tokens both agree on, and for how many the base alone would have said something else. Ends in an error if
they part before half of the tokens of any prompt: in the last bits the two programs compute differently, so a near tie may part them.

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
        body = dict(prompt=ids, n_predict=tokens, temperature=0, top_k=1, ignore_eos=True, cache_prompt=False, return_tokens=True)
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


def agreement(first, second):
    return next((n for n, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))


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
        worst = options.tokens
        for prompt in PROMPTS:
            ids, ours, text = retort(options, prompt)
            theirs, plain = adapted(ids, options.tokens), base(ids, options.tokens)
            same = agreement(ours, theirs)
            worst = min(worst, same)
            print(f"{prompt!r}: retort and llama.cpp agree on {same} of {options.tokens} tokens, the base alone on "
                  f"{agreement(ours, plain)}: {text!r}", flush=True)
    if worst < options.tokens // 2:
        sys.exit("they part early: the exported adapter is not the same")


if __name__ == "__main__":
    main()
