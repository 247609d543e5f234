"""Token ids of hostile strings, from the `tokenizers` library.

    python Tests/Oracles/tokenizers_bpe.py .models/SmolLM2-135M-Instruct.Q4_1.gguf .models/qwen.tiktoken

Writes to Tests/Fixtures/Tokenizers: strings.json, {smollm2,qwen}-ids.json for the two real vocabularies, which stay in .models,
small/{gpt2,smollm2,llama3,qwen2,added}.json (whole tokenizers trained here, in the format of tokenizer.json) with their
-ids.json, classes.json (what the library's regex engine takes for letters, numbers and white space), composed.json (its composed normal
form, NFC) and long.json (pieces too long to commit, made from a rule that the test repeats).

An ids file holds `recognised`, with special tokens found in the text, and `plain`, from the same tokenizer without any added token.
A `null` in `plain` means the same ids.
"""

import base64
import json
import random
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

OUT = Path(__file__).resolve().parents[1] / "Fixtures" / "Tokenizers"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
HEAD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
LLAMA3 = HEAD + r"\p{N}{1,3}" + TAIL
QWEN2 = HEAD + r"\p{N}" + TAIL
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
QWEN_ADDED = CHATML + ["<tool_call>", "</tool_call>", "<think>", "</think>"]
LLAMA3_ADDED = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


PRE = {
    "gpt2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm2": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    "llama3": lambda: split(LLAMA3),
    "qwen2": lambda: split(QWEN2),
}


def strings():
    """Everything that has broken a tokenizer before, and mixtures of it."""
    base = [
        "", " ", "  ", "   ", "\n", "\n\n", "\r", "\r\n", "\r\n\r\n", "\t", "\t\t", " \n", "\n ", "  \n  ", "\n\n  a", "a\n\n  ", " \r\n \r\n x",
        "a", "A", " a", "a ", "  a", "a  ", "a  b", "a   b", "a \n b", "a\n b", "a \nb", "\ta\t", "a\tb", " \ta", "\t a", "a\u00a0b", "a\u00a0\u00a0b",
        " \u00a0a", "\u00a0 a", "\u3000a\u3000", "\u2003\u2003x", "a\u2028b\u2029c", "\u0085x\u0085", "a\u0085\n b", "\u1680x", "\u202f\u205f", "\u200b\u200bz", "\u180ea",
        "\x0b\x0c", "a\x0bb\x0cc", "\x1c\x1d\x1e\x1f", "\x00", "a\x00b", "\x01\x02\x03", "\x07bell\x08", "\x7f", "\x80\x81\x9f", "\ufeffBOM", "a\ufeff", "\ufffd\ufffd", "\ufffe\uffff",
        "Hello, world!", "The capital of France is Paris.", "don't can't won't I'll you've he'd they're I'm it's", "DON'T CAN'T I'LL YOU'VE HE'D THEY'RE I'M IT'S",
        "'s't're've'm'll'd", "'S'T'RE'VE'M'LL'D", "'sa 'ta 'rea 'vea 'ma 'lla 'da", "x's 's ' s", "'", "''", "'''s", "'re", "'r", "'v", "'l", "'l l", "it\u2019s don\u2019t", "'\u017f x'\u017f", "'\u017fa",
        "O'Neill's 'quoted' 'tis", "a'b'c'd", "1's 2't", "!'s", " 's", "  's", "\n's", "'\u0130", "'K", "'sS'Ss",
        "0", "1", "12", "123", "1234", "12345", "123456", "1234567890", " 1", "  1", "   12", "a1", "1a", "a1b2c3", "1 2 3", "1  2", "3.14159", "1,234,567.89", "-42", "+1e-10", "0x1F", "1/2", "2^10",
        "10000000", "2024-07-26", "12:34:56", "\u00b2\u00b3\u00b9", "\u00bd\u00be", "x\u00b2+y\u00b3", "\u2167\u216b", "\u0661\u0662\u0663", "\u096a\u096b", "\U0001d7d8\U0001d7d9", "\u3007\u4e00\u4e8c", "\u2460\u2461 \u246a", "1\u00b22", " \u00b2", "\u0be7\u0be8\u0bef5", "\u09ea 5 \u1369",
        "1\n2\n3", "1\r\n2", "\n1", " \n1", "  \n  1", "99 bottles", "v1.2.3-rc4+build5",
        "caf\u00e9", "cafe\u0301", "\u00e5\u212b\u0041\u030a", "n\u0303 \u00f1", "\u1e69 s\u0323\u0307 s\u0307\u0323", "\ud55c\uae00 \u1112\u1161\u11ab", "\u0958 \u0915\u093c", "\u2126\u03a9", "\uf900\u8c48", "\u0344 \u0308\u0301", "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306", "Z\u0351\u036b\u0343\u036aA\u0321\u034a\u0360L\u0308\u0348G\u0335\u034e", "\u0301", " \u0301", "\u0301a", "1\u0301", "\ufb01ligature \ufb03", "e\u0302\u0301 \u1ebf", "\U0001d15e\U0001d160", "\u0f73\u0f75", "q\u0307\u0323",
        "\u4f60\u597d\u4e16\u754c", "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c", "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!", "\u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u039a\u03cc\u03c3\u03bc\u03b5", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01", "\u1019\u103c\u1014\u103a\u1019\u102c", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u12a0\u121b\u122d\u129b", "\u13e3\u13b3\u13a9", "\u10e5\u10d0\u10e0\u10d7\u10e3\u10da\u10d8", "\u0540\u0561\u0575\u0565\u0580\u0565\u0576",
        "\u202eright to left\u202c", "\u200eLRM\u200f", "abc \u05d0\u05d1\u05d2 123 \u0627\u0628\u062c", "\u2067\u0627\u2069", "\u0627\u064e\u0644\u0652\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u064e\u0651\u0629",
        "\U0001f600", "\U0001f600\U0001f601\U0001f602", " \U0001f600 ", "a\U0001f600b", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44d\U0001f3fd", "\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea", "\u2764\ufe0f", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "1\ufe0f\u20e3", "\U0001f9d1\U0001f3fb\u200d\U0001f4bb codes", "\u00a9\u00ae\u2122", "\u263a\u2639", "\U0001faf6\U0001fae8", "\U0001f600\n\U0001f600", "\U0001f600's",
        "\U0010ffff", "\U000f0000\U00100000", "\ue000\uf8ff", "\U0001d4d7\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8", "\U00010330\U00010331", "\U0001f130", "\U00020000\U0002a6d6\U00030000", "\u0378\u0379", "\U000e0001", "\u2e3a\u2e3b", "\u2028\u2028\u2028a",
        "def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n", "if x == 'a':\n        print(\"it's\")\n\n\n", "#include <stdio.h>\r\n\r\nint main(void)\r\n{\r\n  return 0;\r\n}\r\n", "SELECT * FROM t WHERE a <> 'b' -- comment\n", "<div class=\"x\">&nbsp;</div>\n", "let x: [String: Int] = [:]", "{\"answer\": \"B\", \"reasoning\": \"because 2 + 2 = 4\"}", "```swift\nfoo()\n```", "a->b::c!d?.e", "$HOME/.bashrc && echo \"$PATH\" | grep -v '^#'", "\\n \\t \\\\ \\u0041", "x=1;y=2;;z", "/* ** */ // ///", "----====####", "....", "?!?!", "@user #tag", "C:\\Windows\\System32", "https://example.com/a?b=c&d=%20#e", "me@example.com", "_snake_case_ camelCase PascalCase kebab-case", "__init__", "a_b_1", "$$x^2$$ \\frac{1}{2}", "\\begin{align*}\n  a &= b \\\\\n\\end{align*}", "lambda x: x**2 if x>0 else -x", "!!!\n\n\n", "...\r\n\r\n...", "?\n?", " !\n", "  !\n ", "(\n)\n[\n]\n", ";\r\n\t\t}", "a;\n\n\n  b;\n", "#\n#\r#\r\n",
        " " * 7 + "x", " " * 8, " " * 33 + "\n" + " " * 17 + "y", "\n" * 9, "\t" * 5 + "z", " \t \t \n \t", "\r\r\r", "\n\r\n\r", "a" + " " * 100 + "b", "a" + "\n" * 50 + "b", "\u3000" * 4 + "\n" + "\u3000" * 3 + "x",
        "<|endoftext|>", "<|im_start|>user\nHi<|im_end|>\n", "a<|im_end|>b", " <|im_end|> ", "<|im_end|><|im_end|>", "<|im_end", "<|im_end|", "<<|im_end|>>", "<|im_start|><|im_start|>system", "<|IM_END|>", "<|im_end|>\n\n", "text<|endoftext|>text", "<|im_ end|>", "<|im_en<|im_end|>d|>", "<|im_start|>assistant\n<think>\n\n</think>\n\n", "<tool_call>{}</tool_call>", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>", "<|eot_id|>1<|eot_id|>", "<|start_header_id|>\u00e9<|end_header_id|>e\u0301", "<repo_name>x<file_sep>", "<|reserved_special_token_0|>", "\u00e9<|im_end|>\u00e9", "e<|im_end|>\u0301", "it<|im_end|>'s", "12<|im_end|>34", "  <|im_end|>  x", "\n<|im_end|>\n", "<|user|>", "<s>[INST] hi [/INST]</s>", "<start_of_turn>user", "\uff5cUser\uff5c", "<think>1+1</think>2",
        "[MASK] [SEP]", " [MASK]", "  [MASK]  x", "a[MASK]", "[SEP]  x", "x [SEP]\n\n y", "[SEP]", "solo", "solos", " solo ", "xsolo", "solo.", "solo_", "un solo!", "\u00e9solo", "solo\u0301", "cafe\u0301!", "caf\u00e9!", "caf\u00e9", "<|a|>", "<|a|><|a|>b|>", "<|a|>b|>", "<|a|>b", "[MASK][SEP][MASK]", "[SEP] [MASK]", "[SEP] <|a|>  [MASK]", "\u2003[MASK]\u2003",
        "supercalifragilisticexpialidocious", "Donaudampfschifffahrtsgesellschaftskapit\u00e4n", "pneumonoultramicroscopicsilicovolcanoconiosis", "a" * 60, "ab" * 40, "abc" * 30, "aaaaaaaaab" * 8, "\u00e9" * 40, "\u4e00" * 35, "!" * 70, "0" * 65, "=" * 49, "-" * 48, "-" * 47, "\U0001f600" * 20, "na" * 24 + " batman", "A" * 51, "x" * 48 + "y", "zz" * 25,
        "The quick brown fox jumps over the lazy dog. " * 3, "Lorem ipsum dolor sit amet, consectetur adipiscing elit.", "It was the best of times, it was the worst of times,\n\tit was the age of wisdom\u2026", "\u201cQuoted\u201d \u2018text\u2019 \u2014 with \u2013 dashes\u2026", "\u00abGuillemets\u00bb \u00bfqu\u00e9? \u00a1s\u00ed!", "\u20ac100 \u00a350 \u00a5200 $3.50", "50% of \u221e \u2260 0 \u2264 1 \u2265 \u221a2 \u2208 \u2124", "\u2190\u2191\u2192\u2193 \u2713\u2717", "H\u2082O CO\u2082 E=mc\u00b2", "\u03b1\u03b2\u03b3 \u2211\u222b\u2202", "\ufb00\ufb01\ufb02", "\uff21\uff22\uff23\uff11\uff12\uff13", "\u00c6sir \u0152uvre \u00dfstra\u00dfe \u0130stanbul \u0131", "Na\u00efve co\u00f6perate r\u00e9sum\u00e9", "\u1ea0\u1ea2\u1ea4 Vi\u1ec7t Nam", "\u01c5\u01c8 \u02b0\u02b1 \u00aa\u00ba", "\u0e01\u0e33 \u0e19\u0e49\u0e33", "\u0935\u0940\u0924\u0940\u0965 \u096d", "\u0640\u0640\u0640", "\u30fc\u309d\u3005", "a\u00adb", "a\u2060b", "word\u200cjoin\u200dzwj",
        "\u088f\u0c5c\u0cdc", "\ua7ce\ua7f1", "\U00016ea0\U00016ebb x", "1\U00011de15", "\U00011de0\U00011de1", " \U00011db0a", "\U0001e6c0\U0001e6c1", "\U000323b0\U00033479",
    ]
    random.seed(20240726)
    atoms = [
        " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2003", "a", "the", "The", " of", "\u00e9", "e\u0301", "\u0301", "1", "23", "456", "7890", "\u0663", "\u00b2", "'s", "'LL", "'", "\u2019s", "!", "...", "->", "_", "\"", "<", "|", ">", "\u4f60\u597d", "\u043c\u0438\u0440", "\u0645\u0631", "\u05e9", "\u0928\u092e", "\uc548", "\U0001f600", "\u200d", "\U0001f44d\U0001f3fd", "\ufe0f", "\x00", "\x0b", "\x1f", "\x85", "\u2028", "<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|endoftext|>", "<think>", "return", "0x", "\\n", "//", "\u00df", "I", "\U0001d400", "\u200b",
    ]
    mixed = ["".join(random.choice(atoms) for _ in range(random.randint(2, 14))) for _ in range(230)]
    noise = []
    for _ in range(60):
        planes = [(0, 0x7F), (0, 0x7F), (0x80, 0x24F), (0x250, 0x1FFF), (0x2000, 0x33FF), (0x3400, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF)]
        noise.append("".join(chr(random.randint(*random.choice(planes))) for _ in range(random.randint(1, 12))))
    seen, result = set(), []
    for text in base + mixed + noise:
        if text not in seen:
            seen.add(text)
            result.append(text)
    return result


def corpus():
    """Text to train the small vocabularies on."""
    lines = strings()
    words = "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so said what up its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many".split()
    random.seed(7)
    for _ in range(400):
        lines.append(" ".join(random.choice(words) for _ in range(12)).capitalize() + ".")
    lines += ["it's don't I'll we've they're he'd I'm", "def function(self):\n    return self.value\n"] * 20
    return lines


def trained(kind, added, size=700, ignore_merges=False, nfc=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = PRE[kind]()
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, special_tokens=[])
    tokenizer.train_from_iterator(corpus(), trainer)
    plain = Tokenizer.from_str(tokenizer.to_str())
    for token in added:
        if token.special:
            tokenizer.add_special_tokens([token])
        else:
            tokenizer.add_tokens([token])
    return tokenizer, plain


def assembled(kind, vocab, merges, added, nfc=False):
    def build():
        tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
        tokenizer.pre_tokenizer = PRE[kind]()
        if nfc:
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer
    plain, tokenizer = build(), build()
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer, plain


def special(texts, **flags):
    return [AddedToken(text, special=True, normalized=False, **flags) for text in texts]


def smollm2(path):
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    control = [token for token, kind in zip(tokens, fields["tokenizer.ggml.token_type"].contents()) if kind == 3]
    return assembled("smollm2", {token: id for id, token in enumerate(tokens)}, merges, special(control))


def byte_alphabet():
    """GPT-2's printable stand-ins for the 256 bytes."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(0x100 + i) for i, b in enumerate(rest)}}


def qwen(path):
    """Qwen's ranks as a vocabulary with merges: each token's merge is the last step of encoding it by lower ranks."""
    ranks = {}
    for line in Path(path).read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    spell = byte_alphabet()
    name = lambda token: "".join(spell[byte] for byte in token)
    merges = []
    for token, rank in ranks.items():
        if len(token) == 1:
            continue
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            candidates = [(ranks.get(parts[i] + parts[i + 1], rank), i) for i in range(len(parts) - 1)]
            best, i = min(candidates)
            assert best < rank, token
            parts[i:i + 2] = [parts[i] + parts[i + 1]]
        merges.append((name(parts[0]), name(parts[1])))
    vocab = {name(token): rank for token, rank in ranks.items()}
    added = special(QWEN_ADDED[:3]) + [AddedToken(text, special=False, normalized=False) for text in QWEN_ADDED[3:]]
    return assembled("qwen2", vocab, merges, added, nfc=True)


def ids(pair, texts):
    tokenizer, plain = pair
    recognised = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    ordinary = [plain.encode(text, add_special_tokens=False).ids for text in texts]
    return {"recognised": recognised, "plain": [None if a == b else b for a, b in zip(recognised, ordinary)]}


def long_pieces(pairs):
    """Ids of texts without a place to cut, as their count and FNV-1a over the ids, four bytes each, lowest first."""
    def text(rule):
        if rule["kind"] == "repeat":
            return rule["unit"] * (rule["count"] // len(rule["unit"]))
        state, letters = rule["seed"], []
        for _ in range(rule["count"]):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            letters.append(rule["letters"][(state >> 33) % len(rule["letters"])])
        return "".join(letters)
    rules = [
        {"kind": "repeat", "unit": "a", "count": 200000},
        {"kind": "repeat", "unit": "abcab", "count": 200000},
        {"kind": "repeat", "unit": "=", "count": 200000},
        {"kind": "random", "seed": 1, "letters": "etaoinshrdlu", "count": 1000000},
        {"kind": "random", "seed": 2, "letters": "ab", "count": 200000},
    ]
    result = []
    for rule in rules:
        expected = {}
        for name, (tokenizer, _) in pairs.items():
            values = tokenizer.encode(text(rule), add_special_tokens=False).ids
            digest = 0xCBF29CE484222325
            for value in values:
                for byte in value.to_bytes(4, "little"):
                    digest = ((digest ^ byte) * 0x100000001B3) % 2 ** 64
            expected[name] = {"count": len(values), "digest": f"{digest:016x}"}
        result.append({"rule": rule, "expected": expected})
    return result


def classes():
    """Ranges of scalars that the regex engine counts as letters, numbers and white space."""
    every = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    result = {}
    for name, pattern in {"letter": r"\p{L}", "number": r"\p{N}", "whitespace": r"\s"}.items():
        splitter = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
        found = sorted({ord(c) for i in range(0, len(every), 4096) for piece, _ in splitter.pre_tokenize_str(every[i:i + 4096]) for c in piece})
        ranges = []
        for scalar in found:
            if ranges and ranges[-1][1] == scalar - 1:
                ranges[-1][1] = scalar
            else:
                ranges.append([scalar, scalar])
        result[name] = ranges
    return result


def composed():
    """Sequences of bases and marks with their composed form: Latin, Greek, Hangul, Tibetan and marks newer than the library."""
    normalizer = normalizers.NFC()
    random.seed(3)
    marks = [*range(0x300, 0x346), 0xF71, 0xF72, 0xF73, 0xF74, 0xF75, 0xF81, 0x93C, 0x9BC, 0xEBA, 0x8CD, 0x3099, 0x309A, 0x1D165, 0x5B0, 0x5BC, 0x651, 0x654, 0x11357]
    bases = [*map(ord, "aAeEoOuUzsqnhHlLdD"), *range(0xC0, 0x180), *range(0x1E00, 0x2000), 0x915, 0x958, 0xF40, 0x30AB, 0x30CF, 0x11347, 0x9C7, 0x9BE, 0x3B1, 0x627]
    hangul = [0x1100, 0x1161, 0x11A8, 0xAC00, 0xAC01, 0x11A7, 0x1175, 0x1176, 0x1112, 0x11C2, 0x11C3, 0x301]
    texts = ["".join(chr(random.choice(marks if random.random() < 0.65 else bases)) for _ in range(random.randint(2, 6))) for _ in range(500)]
    texts += ["".join(chr(random.choice(hangul)) for _ in range(random.randint(2, 5))) for _ in range(100)]
    return [[text, normalizer.normalize_str(text)] for text in texts]


def write(name, value, **layout):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, **({"separators": (",", ":")} | layout)) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


def main(gguf, tiktoken):
    texts = strings()
    print(len(texts), "strings")
    write("strings.json", texts, indent=0)
    real = {"smollm2": smollm2(gguf), "qwen": qwen(tiktoken)}
    for name, pair in real.items():
        write(f"{name}-ids.json", ids(pair, texts))
    flags = [
        AddedToken("[MASK]", special=True, lstrip=True, normalized=False), AddedToken("[SEP]", special=True, rstrip=True, normalized=False),
        AddedToken("solo", special=False, single_word=True, normalized=False), AddedToken("caf\u00e9!", special=False, normalized=True),
        AddedToken("<|a|>", special=True, normalized=False), AddedToken("<|a|>b|>", special=True, normalized=False),
    ]
    small = {
        "gpt2": trained("gpt2", special(["<|endoftext|>"])),
        "smollm2": trained("smollm2", special(CHATML)),
        "llama3": trained("llama3", special(LLAMA3_ADDED), ignore_merges=True),
        "qwen2": trained("qwen2", special(CHATML), nfc=True),
        "added": trained("qwen2", flags, nfc=True, size=400),
    }
    for name, pair in small.items():
        write(f"small/{name}.json", json.loads(pair[0].to_str()))
        write(f"small/{name}-ids.json", ids(pair, texts))
    write("classes.json", classes())
    write("composed.json", composed())
    write("long.json", long_pieces({"smollm2": real["smollm2"], "small/llama3": small["llama3"]}), indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
