"""The peers of `retort complete`: greedy continuations, the time of the first token, the rate of those behind it.

    decode_peers.py prompts      --retort BIN --model MODEL --count N --out FILE
    decode_peers.py transformers --model FOLDER --prompts FILE --dtype float32 --batch N --tokens N --json OUT [--device cuda]
    decode_peers.py llama.cpp    --model GGUF --prompts FILE --tokens N --json OUT
    decode_peers.py first-token  --model FOLDER --prompt TEXT

`prompts` writes JSONL with the prompt's text and its token ids, as `retort tokenize` gives them. Each run first warms up on the
first prompt (or batch of prompts), which is not counted. Nothing ends a text but the number of tokens. A rate counts the steps
behind the first token: (N − 1) for each text, over the time from its first token to its last.
"""

import argparse
import json
import os
import time
import urllib.request
from pathlib import Path

ASKED = [
    "Name three noble gases and say what they are used for.", "Write a short story about a lighthouse keeper.",
    "How does a refrigerator work?", "Explain the difference between a virus and a bacterium.",
    "Give me a recipe for vegetable soup.", "Why is the sky blue?", "Describe the water cycle step by step.",
    "What should I pack for a week in the mountains?", "Write a Python function that reverses a list.",
    "Who was Marie Curie?", "Compare trains and aeroplanes for a journey of 500 km.", "What is a prime number? Give examples.",
    "How do I learn to play the guitar?", "Summarise how a bill becomes a law.", "What causes the seasons of the year?",
    "List five good habits for students and explain each.",
]


def prompts(options):
    from peft_train import tokenise

    texts = [f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n" for text in ASKED[:options.count]]
    with open(options.out, "w") as file:
        for text, ids in zip(texts, tokenise(options.retort, options.model, texts)):
            file.write(json.dumps(dict(prompt=text, ids=ids)) + "\n")


def read_prompts(path):
    return [json.loads(line)["ids"] for line in open(path)]


def report(options, results, name):
    """`results`: (new ids of the texts that ran together, seconds to the first token, seconds from there to the last)."""
    steps, seconds = sum(len(text) - 1 for texts, _, _ in results for text in texts), sum(last for _, _, last in results)
    rate = steps / seconds
    Path(options.json).write_text(json.dumps(dict(
        name=name, decode_tokens_per_second=rate, prompt_seconds=[first for _, first, _ in results],
        ids=[text for texts, _, _ in results for text in texts])) + "\n")
    print(f"{name}: {rate:.1f} tokens/s over {sum(len(texts) for texts, _, _ in results)} texts", flush=True)


def load(path, dtype, device):
    import torch
    from transformers import AutoModelForCausalLM, logging

    logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype), device_map=device).eval()


def transformers(options):
    import torch
    from transformers import StoppingCriteria

    class Clock(StoppingCriteria):
        """Looks at the clock after each token and stops nothing."""

        def __init__(self):
            self.times = []

        def __call__(self, ids, scores, **_):
            if options.device != "cpu":
                torch.cuda.synchronize()
            self.times.append(time.perf_counter())
            return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)

    model = load(options.model, options.dtype, options.device)
    model.generation_config.eos_token_id = None
    all_ids = read_prompts(options.prompts)

    def generate(batch, tokens):
        width, clock = max(map(len, batch)), Clock()
        ids = torch.tensor([[0] * (width - len(one)) + one for one in batch], device=options.device)
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in batch], device=options.device)
        start = time.perf_counter()
        with torch.inference_mode():
            output = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False, pad_token_id=0,
                                    stopping_criteria=[clock])
        return output[:, width:].tolist(), clock.times[0] - start, clock.times[-1] - clock.times[0]

    batches = [all_ids[first:first + options.batch] for first in range(0, len(all_ids), options.batch)]
    generate(batches[0], min(8, options.tokens))
    results = [generate(batch, options.tokens) for batch in (batches if options.batch > 1 else batches[1:])]
    report(options, results, f"transformers, {options.dtype}, batch {options.batch}")


def llama_cpp(options):
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = options.model
    settings.n_ctx, settings.n_parallel, settings.n_gpu_layers, settings.verbosity = 2048, 1, 0, -1
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.port = 0
    server = xllamacpp.Server(settings)

    def complete(ids, tokens):
        body = dict(prompt=ids, n_predict=tokens, temperature=0, top_k=1, ignore_eos=True, cache_prompt=False, return_tokens=True)
        request = urllib.request.Request(
            f"{server.listening_address}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        times = answer["timings"]  # its clock starts anew once the first token is there: predicted_ms is the time of those behind it
        return [answer["tokens"]], times["prompt_ms"] / 1e3, times["predicted_ms"] / 1e3

    everything = read_prompts(options.prompts)
    complete(everything[0], 8)
    report(options, [complete(ids, options.tokens) for ids in everything[1:]], "llama.cpp server")


def first_token(options):
    import torch
    from transformers import AutoTokenizer

    model = load(options.model, "float32", "cpu")
    ids = AutoTokenizer.from_pretrained(options.model)(options.prompt, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(**ids, max_new_tokens=1, do_sample=False)
    print(output[0, -1].item())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, run, *required):
        parsed = commands.add_parser(name)
        parsed.set_defaults(run=run)
        for option in required:
            parsed.add_argument(option, required=True)
        return parsed

    command("prompts", prompts, "--retort", "--model", "--out").add_argument("--count", type=int, default=len(ASKED))
    parsed = command("transformers", transformers, "--model", "--prompts", "--json")
    parsed.add_argument("--dtype", default="float32")
    parsed.add_argument("--batch", type=int, default=1)
    parsed.add_argument("--tokens", type=int, default=128)
    parsed.add_argument("--device", default="cpu")
    command("llama.cpp", llama_cpp, "--model", "--prompts", "--json").add_argument("--tokens", type=int, default=128)
    command("first-token", first_token, "--model", "--prompt")
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
