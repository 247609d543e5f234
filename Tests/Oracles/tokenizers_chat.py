"""Conversations in the formats of chat templates, from transformers' apply_chat_template.

    python Tests/Oracles/tokenizers_chat.py .models/SmolLM2-135M-Instruct.Q4_1.gguf

Writes Tests/Fixtures/Tokenizers/chat.json: templates in the manner of each family, written here with branches for tools that a plain
conversation never takes, SmolLM2's own from its GGUF, and for each conversation the text with and without a generation prompt
(null where the template refuses the conversation). `ids` are those of SmolLM2's vocabulary, and of the small Qwen2-style
and Llama-3-style ones, for conversations whose texts spell no special token.
"""

import json
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from tokenizers_bpe import OUT, smollm2

BAR, BLOCK = "\uff5c", "\u2581"
USER, ASSISTANT = f"<{BAR}User{BAR}>", f"<{BAR}Assistant{BAR}>"
DS_BOS, DS_EOS = f"<{BAR}begin{BLOCK}of{BLOCK}sentence{BAR}>", f"<{BAR}end{BLOCK}of{BLOCK}sentence{BAR}>"

CHATML = """{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"""

CHATML_RAW = """{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] | trim }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

QWEN2 = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou help.<|im_end|>\\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

QWEN25 = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You\\'re Q, made to help. You are "kind".' }}
    {%- endif %}
    {{- "\\n\\nTools:\\n" }}
    {%- for tool in tools %}{{- tool | tojson }}{%- endfor %}
    {{- "\\nAnswer with <tool_call></tool_call>.<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou\\'re Q, made to help. You are "kind".<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

QWEN3 = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(searching=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- if ns.searching and message.role == "user" %}
        {%- set ns.searching = false %}
        {%- set ns.last = (messages|length - 1) - loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning = '' %}
        {%- if '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or reasoning) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""

REASONER = """{%- for message in messages %}
    {%- if message.role == "assistant" %}
        {%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}
        {{- '<|im_start|>assistant\\n' + content + '<|im_end|>' + '\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n<think>\\n' }}
{%- endif %}"""

LLAMA3 = """{% for message in messages %}{% set text = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' %}{% if loop.first %}{% set text = bos_token + text %}{% endif %}{{ text }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

LLAMA31 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system = "" %}
{%- endif %}
{#- The first turn is always there. #}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none and tools is defined %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

DEEPSEEK2 = """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\\n\\n' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"""


def deepseek3(answer, opening, system):
    return ("{% set ns = namespace(is_first_sp=true, system_prompt='') %}" if "is_first_sp" in system else "{% set ns = namespace(system_prompt='') %}") + (
        "{% for message in messages %}{% if message['role'] == 'system' %}" + system + "{% endif %}{% endfor %}{{ bos_token }}{{ ns.system_prompt }}"
        "{% for message in messages %}{% if message['role'] == 'user' %}{{ '" + USER + "' + message['content'] }}"
        "{% elif message['role'] == 'assistant' and message['tool_calls'] %}{{ '" + ASSISTANT + f"<{BAR}tool{BLOCK}calls{BLOCK}begin{BAR}>" + "' }}"
        "{% elif message['role'] == 'assistant' %}{% set content = message['content'] %}" + answer + "{{ '" + ASSISTANT + "' + content + '" + DS_EOS + "' }}"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '" + ASSISTANT + opening + "' }}{% endif %}")


LAST = "{% set ns.system_prompt = message['content'] %}"
JOINED = "{% if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{% else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{% endif %}"
CUT = "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"

GEMMA2 = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"""

GEMMA3 = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set prefix = "" -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("turns must alternate") }}
    {%- endif -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + (prefix if loop.first else "") }}
    {{- message['content'] | trim }}
    {{- '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\\n' }}
{%- endif -%}"""

# name -> template, bos, eos, kind
TEMPLATES = {
    "chatml": (CHATML, "", "<|im_end|>", "chatML"),
    "chatml-raw": (CHATML_RAW, "", "<|im_end|>", "chatML"),
    "qwen2": (QWEN2, "", "<|im_end|>", "chatML"),
    "qwen2.5": (QWEN25, "", "<|im_end|>", "chatML"),
    "qwen3": (QWEN3, "", "<|im_end|>", "qwen3"),
    "reasoner": (REASONER, "", "<|im_end|>", "chatML"),
    "llama3": (LLAMA3, "<|begin_of_text|>", "<|eot_id|>", "llama3"),
    "llama3.1": (LLAMA31, "<|begin_of_text|>", "<|eot_id|>", "llama3"),
    "deepseek2": (DEEPSEEK2, DS_BOS, DS_EOS, "deepSeek2"),
    "deepseek3": (deepseek3("", "", LAST), DS_BOS, DS_EOS, "deepSeek3"),
    "deepseek-r1": (deepseek3(CUT, "<think>\\n", JOINED), DS_BOS, DS_EOS, "deepSeek3"),
    "gemma2": (GEMMA2, "<bos>", "<eos>", "gemma"),
    "gemma3": (GEMMA3, "<bos>", "<eos>", "gemma"),
}

CONVERSATIONS = [
    [("user", "What is 2 + 2?")],
    [("system", "Be brief."), ("user", "What is 2 + 2?")],
    [("user", "Hi"), ("assistant", "Hello!"), ("user", "Bye")],
    [("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello!"), ("user", "Bye"), ("assistant", "So long.")],
    [("user", "  spaces around \n"), ("assistant", "\n\n and lines \t\n")],
    [("system", ""), ("user", "")],
    [("system", " padded \n"), ("user", "\n\nlate"), ("assistant", " early")],
    [("user", "caf\u00e9 e\u0301 \u4f60\u597d \U0001f600's 12345"), ("assistant", "na\u00efve\r\n\r\n  x = 1\n")],
    [("user", "q"), ("assistant", "<think>\nfirst this\n</think>\n\nthen that"), ("user", "r"), ("assistant", "<think>\n\nhm\n\n</think>\n\n42")],
    [("user", "q"), ("assistant", "plain"), ("assistant", "again")],
    [("system", "one"), ("system", "two"), ("user", "q")],
    [("user", "q"), ("system", "late"), ("user", "r"), ("assistant", "a")],
    [("user", "\u3000\u00a0wide\u2003\x1f"), ("assistant", "\x0b tab \x0c")],
    [("user", "What's <b>bold</b>? {\"a\": 1}"), ("assistant", "{\"answer\": \"B\"}")],
]


def main(gguf):
    fields = GGUFReader(gguf).fields
    templates = TEMPLATES | {"smollm2": (fields["tokenizer.chat_template"].contents(), "", "<|im_end|>", "chatML")}
    vocabularies = {
        "smollm2": smollm2(gguf)[0], "qwen2": Tokenizer.from_file(str(OUT / "small/qwen2.json")),
        "llama3": Tokenizer.from_file(str(OUT / "small/llama3.json")), "llama3.1": Tokenizer.from_file(str(OUT / "small/llama3.json")),
    }
    result = []
    for name, (template, bos, eos, kind) in templates.items():
        vocabulary = vocabularies.get(name, vocabularies["qwen2"])
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=vocabulary, chat_template=template, bos_token=bos or None, eos_token=eos)
        rendered = []
        for conversation in CONVERSATIONS:
            messages = [{"role": role, "content": text} for role, text in conversation]
            entry = {}
            for key, generation in (("complete", False), ("prompt", True)):
                try:
                    entry[key] = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=generation)
                except Exception as error:
                    entry[key] = None
            if entry["prompt"] is not None and name in vocabularies:
                entry["ids"] = vocabulary.encode(entry["prompt"], add_special_tokens=False).ids
            if entry["prompt"] is not None and name == "qwen3":
                entry["withoutThinking"] = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, enable_thinking=False)
            rendered.append(entry)
        result.append({"name": name, "template": template, "bos": bos, "eos": eos, "kind": kind, "rendered": rendered})
    conversations = [[{"role": role, "text": text} for role, text in conversation] for conversation in CONVERSATIONS]
    path = OUT / "chat.json"
    path.write_text(json.dumps({"conversations": conversations, "templates": result}, indent=1) + "\n")
    print(path.name, path.stat().st_size, "bytes;", [(t["name"], sum(r["prompt"] is None for r in t["rendered"])) for t in result])


if __name__ == "__main__":
    main(*sys.argv[1:])
