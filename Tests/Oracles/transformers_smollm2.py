"""SmolLM2-135M-Instruct from its Q4_1 GGUF as transformers runs it: logits and greedy continuations.

    python Tests/Oracles/transformers_smollm2.py .models/SmolLM2-135M-Instruct.Q4_1.gguf

Writes Tests/Fixtures/Transformers/smollm2.json. transformers dequantises the file to fp32; attention is the eager one.
The prompts' ids are part of the fixture, so that a test of the decoder does not depend on a tokenizer; they come from
`tokenizers`, put together from the GGUF's vocabulary and merges the way SmolLM2's own tokenizer.json does it
(single digits, then GPT-2's splitting).
"""

import json
import sys
from pathlib import Path

import torch
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, logging

FIXTURE = Path(__file__).resolve().parents[1] / "Fixtures" / "Transformers" / "smollm2.json"
GREEDY_TOKENS = 64
CONTROL = 3  # tokenizer.ggml.token_type of a special token

CHAT = """<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
<|im_start|>user
What is the capital of France, and which river flows through it?<|im_end|>
<|im_start|>assistant
"""
QUESTION = """<|im_start|>system
You answer four-choice questions.<|im_end|>
<|im_start|>user
Question: A list holds [4, 8, 15, 16, 23, 42]. What is at index 3, counting from 0?
A) 4
B) 15
C) 16
D) 23<|im_end|>
<|im_start|>assistant
"""
RAW = "Water boils at 100 degrees Celsius at sea level. On a high mountain it boils at a lower temperature, because"


def tokenizer_of(reader):
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    types = reader.fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ", 1)) for merge in reader.fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t, kind in zip(tokens, types) if kind == CONTROL])
    return tokenizer


def main(path):
    path = Path(path).resolve()
    tokenizer = tokenizer_of(GGUFReader(path))
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    model.generation_config.eos_token_id = None
    vocabulary = list(range(0, model.config.vocab_size, model.config.vocab_size // 256))[:256]
    prompts = []
    for name, text in [("chat", CHAT), ("question", QUESTION), ("raw", RAW)]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        with torch.no_grad():
            last = model(torch.tensor([ids])).logits[0, -1]
            result = model.generate(
                torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
                use_cache=True, max_new_tokens=GREEDY_TOKENS, min_new_tokens=GREEDY_TOKENS, output_logits=True,
                return_dict_in_generate=True)
        leads = [(step[0].topk(2).values[0] - step[0].topk(2).values[1]).item() for step in result.logits]
        continuation = result.sequences[0, len(ids):].tolist()
        prompts.append({
            "name": name, "text": text, "ids": ids,
            "lastLogits": [round(value, 6) for value in last[vocabulary].tolist()], "top": last.topk(5).indices.tolist(),
            "continuation": continuation, "smallestLead": min(leads),
        })
        print(name, len(ids), "tokens, smallest lead", round(min(leads), 4), repr(tokenizer.decode(continuation)))
    fixture = {"model": path.name, "vocabulary": vocabulary, "prompts": prompts}
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
