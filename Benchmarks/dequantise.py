"""dequantise.py GGUF FOLDER: the GGUF's weights as a float32 Hugging Face folder with its tokenizer.

So both sides of a benchmark read the same weights, and neither is charged with reading the other's format.
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, logging

logging.disable_progress_bar()
gguf, folder = Path(sys.argv[1]), sys.argv[2]
dequantised = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
# transformers counts a model that came from a GGUF as quantised and will not save it; a plain one with its weights it will.
configuration = dequantised.config
if hasattr(configuration, "quantization_config"):
    del configuration.quantization_config
plain = AutoModelForCausalLM.from_config(configuration, dtype=torch.float32)
plain.load_state_dict(dequantised.state_dict())
plain.save_pretrained(folder)
AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
