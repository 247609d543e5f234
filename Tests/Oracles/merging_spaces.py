"""Reference results for the spaces core and knots, for Iso-C, and for the methods that drop at random.

    python Tests/Oracles/merging_spaces.py      writes into Tests/Fixtures/Merging: five adapters (uneven-…, shared-…),
                                                spaces.json, expected/spaces.safetensors

Run after `merging.py make`, which empties the folder and makes the adapters of equal ranks that are used here too.

The spaces are written from the papers' formulas in float64: whole products and whole decompositions, where Retort takes the way
by small matrices.

- Core Space Merging (Panariello et al. 2025, arXiv:2509.17786): U of the B side by side, V of the A below each other, and an
  adapter's core is Uᵀ·ΔW·V. As in the authors' code the factors are decomposed as they are; here α/r is a part of ΔW.
- KnOTS (Stoica et al. 2025, arXiv:2410.19735): the ΔW side by side are U·Σ·[V₁ᵀ … Vₙᵀ], and the ΣVᵢᵀ are merged: the authors' code
  has Σ on the side of V unless told otherwise. Directions in which no adapter lies are left out; no case has such among the first
  r₁ + … + rₙ.
- Iso-C (Marczak et al. 2025, arXiv:2502.04959): the sum of the ΔW, not their mean, with its singular values set to their mean. That
  mean is over the directions which the sum has. The authors' is over all min(rows, columns), which is the same for a core of full
  rank, is less where adapters share directions, and gives a whole product of low rank directions that nobody learnt.
- A cut to a rank keeps the largest singular values; of Iso-C those that were the largest before they were made equal.

Entries are merged by PEFT's functions (convention `peft`), by the methods that mergekit registers (`mergekit`), or by the formulas
(`paper`: TIES with one threshold for a whole adapter; MAGPRUNE with each entry divided by its own probability, as in the code of
DELLA's authors). Where PEFT has the whole method, `add_weighted_adapter` makes the result. What drops at random draws Retort's numbers:
`torch.bernoulli` is replaced while the libraries run.

Signs are elected by total: by frequency a draw falls to plus, and which side of a basis vector is plus is nobody's choice.

A result depends on gaps between singular values, on votes and on thresholds. So each case is computed 20 times more from factors
disturbed by a millionth, eight roundings of a float32, and is refused if it moves by more than the tests allow.

Needs torch, transformers, peft, mergekit, scipy and safetensors (made with torch 2.15.0, transformers 5.24.0, peft 0.21.2,
mergekit 0.1.5, scipy 1.17.1).
"""

import contextlib
import json
import shutil
from unittest import mock

import numpy as np
import torch
from mergekit.merge_methods.api import merge_tensors
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import merge_utils
from safetensors.torch import load_file, save_file
from scipy.linalg import svd
from transformers import LlamaConfig, LlamaForCausalLM

from merging import ADAPTERS, FOLDER, base, deltas

# What SpaceReferenceTests allows, of a module's largest entry.
TOLERANCE = 2e-5
DISTURBANCE = 1e-6


# Retort's random numbers

MASK = (1 << 64) - 1


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def split_mix(value):
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)


class CounterRandom:
    """The stream of `(seed, phase, step)`: the key comes from seed and phase, the counter is block and step, a block holds two numbers."""

    def __init__(self, seed, phase, step=0):
        hashed = 0xCBF29CE484222325
        for byte in phase.encode():
            hashed = (hashed ^ byte) * 0x100000001B3 & MASK
        mixed = split_mix((seed + 0x9E3779B97F4A7C15) & MASK) ^ split_mix(hashed)
        self.key = (mixed & 0xFFFFFFFF, mixed >> 32)
        self.step, self.block, self.spare = (step & 0xFFFFFFFF, step >> 32), 0, []

    def next(self):
        if not self.spare:
            words = philox((self.block & 0xFFFFFFFF, self.block >> 32, *self.step), self.key)
            self.spare = [words[0] | words[1] << 32, words[2] | words[3] << 32]
            self.block += 1
        return self.spare.pop(0)

    def integer(self, low, high):
        bound = high - low + 1
        product = self.next() * bound
        while product & MASK < (1 << 64) % bound:
            product = self.next() * bound
        return low + (product >> 64)

    def uniform(self):
        return (self.next() >> 11) * 2.0**-53


def prove_generator():
    """Random123's known answers, and numbers in questions that Retort made: docs/questions.md holds them, and a test that it does."""
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    for phase, ranges, numbers in [
        ("questions/sums/1", [(2, 40), (2, 20)], [27, 17]),  # What is 27 + 17?
        ("questions/sums/2", [(21, 99), (21, 99)], [43, 85]),  # What is 43 + 85?
        ("questions/sums/3", [(101, 899), (11, 99), (11, 99)], [163, 28, 99]),  # What is 163 + 28 + 99?
        ("questions/differences/1", [(1, 19), (1, 30)], [7, 17]),  # What is 24 - 7?
        ("questions/differences/2", [(12, 89), (11, 99)], [46, 69]),  # What is 115 - 46?
        ("questions/differences/3", [(2, 60), (61, 150)], [36, 109]),  # What is 36 - 109?
    ]:
        random = CounterRandom(1, phase)
        assert [random.integer(*bounds) for bounds in ranges] == numbers, phase


@contextlib.contextmanager
def drawing(streams):
    """While this lasts, `torch.bernoulli` keeps what Retort keeps: the first call by the first stream, and so on."""
    streams = list(streams)

    def bernoulli(probabilities):
        stream = streams.pop(0)
        numbers = torch.tensor([stream.uniform() for _ in range(probabilities.numel())], dtype=torch.float64).reshape(probabilities.shape)
        # The libraries round probabilities to float32.
        assert ((numbers - probabilities).abs() > 1e-6).all()
        return (numbers < probabilities).to(probabilities.dtype)

    with mock.patch.object(torch, "bernoulli", bernoulli):
        yield
    assert not streams, "a stream for each call"


def streams(settings, path, group, adapters):
    return [CounterRandom(settings["seed"], f"merge/{path}/{group}", adapter) for adapter in range(adapters)]


# Spaces


class Part:
    """One adapter's factors of a module."""

    def __init__(self, a, b, scale):
        self.a, self.b, self.scale = a, b, scale

    @property
    def delta(self):
        return self.scale * self.b @ self.a


def delta_space(parts):
    return [part.delta for part in parts], lambda merged: merged


def core_space(parts):
    u = svd(np.hstack([part.b for part in parts]), full_matrices=False)[0]
    v = svd(np.vstack([part.a for part in parts]), full_matrices=False)[2].T
    return [u.T @ part.delta @ v for part in parts], lambda merged: u @ merged @ v.T


def knots_space(parts):
    u, s, vt = svd(np.hstack([part.delta for part in parts]), full_matrices=False)
    held = s > 1e-5
    return np.split(s[held, None] * vt[held], len(parts), axis=1), lambda merged: u[:, held] @ merged


SPACES = {"delta": delta_space, "core": core_space, "knots": knots_space}


def cut(matrix, rank, isotropic=False):
    """The best approximation of a rank; of an isotropic merge the strongest directions, with the mean of all."""
    u, s, vt = svd(matrix, full_matrices=False)
    if isotropic:
        held = s > 1e-5 * s[0]
        s = np.where(held, s[held].mean(), 0)
    return u[:, :rank] * s[:rank] @ vt[:rank]


# Entries


def merge_as_peft(entries, weights, settings, random):
    method = settings["method"]
    tensors, weights = [torch.from_numpy(entry) for entry in entries], torch.tensor(weights, dtype=torch.float64)
    more = [settings["sign"]] if "sign" in settings else []
    with drawing(random if method.startswith("dare") else []):  # ties draws nothing
        return getattr(merge_utils, method)(tensors, weights, settings["density"], *more).numpy()


def merge_as_mergekit(entries, weights, settings, random):
    """By the method that mergekit registers under the name, with its defaults, over a base of zeros."""
    tensors = [torch.from_numpy(entry) for entry in entries]
    parameters = dict(weight=weights, density=settings["density"])
    if settings["method"].startswith("della"):
        parameters["epsilon"] = settings["epsilon"]
    with drawing(random if settings["method"] != "ties" else []):
        return merge_tensors(
            [torch.zeros_like(tensors[0]), *tensors], settings["method"], parameters=parameters, base_index=0).numpy()


def merge_as_paper(entries, weights, settings, random, thresholds=None):
    method = settings["method"]
    if method == "ties":
        entries = [np.where(abs(entry) >= threshold, entry, 0) for entry, threshold in zip(entries, thresholds)]
    elif method.startswith("della"):
        entries = [magprune(entry, settings["density"], settings["epsilon"], stream) for entry, stream in zip(entries, random)]
    stacked, weights = np.stack(entries), np.reshape(weights, (-1, 1, 1))
    if method in ("linear", "iso_c", "della_linear"):
        return (stacked * weights).sum(0)
    elected = np.where(stacked.sum(0) >= 0, 1, -1)
    agreeing = np.sign(stacked) == elected
    return (stacked * weights * agreeing).sum(0) / np.maximum(agreeing.sum(0), 1)


def magprune(entry, density, epsilon, random):
    """Kept with a probability that rises by rank in the row, from density − epsilon to density + epsilon, and divided by it."""
    numbers = np.array([random.uniform() for _ in range(entry.size)]).reshape(entry.shape)
    ranks = abs(entry).argsort(axis=1).argsort(axis=1)
    keeping = density - epsilon + 2 * epsilon * ranks / (entry.shape[1] - 1)
    return np.where(numbers < keeping, entry / keeping, 0)


MERGES = {"peft": merge_as_peft, "mergekit": merge_as_mergekit, "paper": merge_as_paper}


def whole_thresholds(modules, density):
    """The magnitude of each adapter's last entry that is kept, over all its modules."""
    largest = [np.sort(np.concatenate([abs(entries[adapter]).ravel() for entries in modules]))[::-1] for adapter in range(len(modules[0]))]
    return [values[max(1, int(density * len(values))) - 1] for values in largest]


# Adapters


def read(name):
    """Part by module path, in float64."""
    config = json.loads((FOLDER / name / "adapter_config.json").read_text())
    tensors = load_file(FOLDER / name / "adapter_model.safetensors")
    found = {}
    for path in sorted({key.rsplit(".lora_", 1)[0] for key in tensors}):
        last = path.rsplit(".", 1)[1]
        rank = config["rank_pattern"].get(last, config["r"])
        alpha = config["alpha_pattern"].get(last, config["lora_alpha"])
        a, b = (tensors[f"{path}.lora_{factor}.weight"].double().numpy() for factor in "AB")
        assert a.shape[0] == b.shape[1] == rank
        found[path.removeprefix("base_model.model.")] = Part(a, b, alpha / (rank**0.5 if config["use_rslora"] else rank))
    return found


def make_adapters():
    """Of v_proj [8, 16] and down_proj [16, 24]. The ranks of `uneven` add up to 9 at the first, above its rows, and to 10 at the second."""
    config = LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1)
    options = {
        "uneven-a": dict(r=4, lora_alpha=6),
        "uneven-b": dict(r=2, lora_alpha=5, use_rslora=True),
        "uneven-c": dict(r=3, lora_alpha=2, rank_pattern={"down_proj": 4}, alpha_pattern={"down_proj": 7}),
        "shared-a": dict(r=3, lora_alpha=6),
        "shared-b": dict(r=3, lora_alpha=4),
    }
    for number, (name, chosen) in enumerate(options.items()):
        torch.manual_seed(0)
        model = get_peft_model(LlamaForCausalLM(config), LoraConfig(target_modules=["v_proj", "down_proj"], **chosen))
        torch.manual_seed(200 + number)
        for path, module in model.named_modules():
            if not hasattr(module, "lora_A") or "default" not in module.lora_A:
                continue
            a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
            a.data, b.data = torch.randn(a.shape), torch.randn(b.shape)
            if name == "shared-b":  # A as in shared-a: six ranks, three directions.
                a.data = load_file(FOLDER / "shared-a" / "adapter_model.safetensors")[f"{path}.lora_A.weight"]
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        model.save_pretrained(FOLDER / name)
        (FOLDER / name / "README.md").unlink(missing_ok=True)
        # PEFT writes a set, whose order changes from run to run.
        path = FOLDER / name / "adapter_config.json"
        written = json.loads(path.read_text())
        written["target_modules"].sort()
        path.write_text(json.dumps(written, indent=2))


# Cases

UNEVEN, SHARED, EVEN = ["uneven-a", "uneven-b", "uneven-c"], ["shared-a", "shared-b"], ["plain", "stable", "third"]
# Adapters, weights, settings as Retort reads them.
CASES = {
    "core-linear-cut": (UNEVEN, [1, 0.5, -1.5], dict(method="linear", space="core", convention="paper")),
    "core-ties": (UNEVEN, [1, 0.5, 2], dict(method="ties", space="core", convention="peft", density=0.5, sign="total", rank="full")),
    "core-ties-paper": (
        UNEVEN, [1, 1, 1], dict(method="ties", space="core", convention="paper", density=0.3, sign="total", rank="full") | {"lambda": 0.7}),
    "core-ties-mergekit": (
        UNEVEN, [1, -0.5, 2], dict(method="ties", space="core", convention="mergekit", density=0.4, sign="total", rank="full")),
    "core-dare_linear": (
        UNEVEN, [1, 0.5, 2], dict(method="dare_linear", space="core", convention="peft", density=0.6, rank="full", seed=7)),
    "core-dare_ties-cut": (
        UNEVEN, [1, 0.5, 2], dict(method="dare_ties", space="core", convention="peft", density=0.5, sign="total", rank=5, seed=1)),
    "core-della": (
        UNEVEN, [1, 0.5, 2],
        dict(method="della", space="core", convention="mergekit", density=0.5, epsilon=0.2, sign="total", rank="full", seed=2)),
    "knots-ties": (
        UNEVEN, [1, 0.5, 2], dict(method="ties", space="knots", convention="peft", density=0.5, sign="total", rank="full")),
    "knots-ties-cut": (UNEVEN, [1, 1, 1], dict(method="ties", space="knots", convention="peft", density=0.7, sign="total")),
    "knots-ties-paper": (
        UNEVEN, [1, 1, 1], dict(method="ties", space="knots", convention="paper", density=0.3, sign="total", rank="full")),
    "knots-dare_ties": (
        UNEVEN, [1, 0.5, 2], dict(method="dare_ties", space="knots", convention="mergekit", density=0.5, sign="total", rank="full", seed=3)),
    "knots-della_linear": (
        UNEVEN, [1, -0.5, 2],
        dict(method="della_linear", space="knots", convention="paper", density=0.6, epsilon=0.3, rank="full", seed=4)),
    "iso_c-core": (UNEVEN, [1, 1, 1], dict(method="iso_c", space="core", rank="full") | {"lambda": 1.4}),
    "iso_c-delta": (UNEVEN, [1, 0.5, -2], dict(method="iso_c", space="delta", rank="full")),
    "iso_c-cut": (UNEVEN, [1, 1, 1], dict(method="iso_c", space="core")),
    "iso_c-shared": (SHARED, [1, 1], dict(method="iso_c", space="core", rank="full")),
    "iso_c-single": (["uneven-c"], [1], dict(method="iso_c", space="core", rank="full")),
    "delta-dare_ties": (
        UNEVEN, [1, 0.5, 2], dict(method="dare_ties", space="delta", convention="mergekit", density=0.5, sign="total", rank="full", seed=5)),
    "delta-dare_linear-cut": (
        UNEVEN, [1, 0.5, -2], dict(method="dare_linear", space="delta", convention="mergekit", density=0.7, rank=3, seed=6)),
    "delta-della": (
        UNEVEN, [1, 0.5, 2],
        dict(method="della", space="delta", convention="mergekit", density=0.5, epsilon=0.2, sign="total", rank="full", seed=8)),
    "delta-della-paper": (
        UNEVEN, [1, 0.5, 2],
        dict(method="della", space="delta", convention="paper", density=0.5, epsilon=0.2, sign="total", rank="full", seed=9)),
    # Made by `add_weighted_adapter`. The first adapter is not rank-stabilised, so that PEFT's scale is right.
    "peft-dare_linear": (EVEN, [0.5, -1, 2], dict(method="dare_linear", space="factors", convention="peft", density=0.5, seed=1)),
    "peft-dare_ties": (
        EVEN, [1, 0.5, 1], dict(method="dare_ties", space="factors", convention="peft", density=0.6, sign="frequency", seed=2)),
    "peft-dare_ties-total": (
        EVEN, [1, 0.5, 1], dict(method="dare_ties", space="factors", convention="peft", density=0.6, sign="total", seed=3)),
    "peft-dare_linear_svd": (
        EVEN, [0.5, -1, 2], dict(method="dare_linear", space="delta", convention="peft", density=0.5, rank=6, seed=4)),
    "peft-dare_ties_svd": (
        EVEN, [1, 0.5, 1], dict(method="dare_ties", space="delta", convention="peft", density=0.6, sign="frequency", rank=6, seed=5)),
}
DEFAULTS = {"convention": "paper", "density": 1, "lambda": 1, "seed": 0, "epsilon": 0.15, "gamma": 0.01}

# Matrices [6, 10] of no adapter.
DENSE = [
    ([1, 0.5, 2], dict(method="dare_linear", convention="mergekit", density=0.5)),
    ([1, -0.5, 2], dict(method="dare_ties", convention="mergekit", density=0.6, sign="total")),
    ([1, 0.5, 2], dict(method="della", convention="mergekit", density=0.5, epsilon=0.3, sign="total")),
    ([1, -0.5, 2], dict(method="della", convention="mergekit", density=0.6, epsilon=0.2, sign="total")),
    ([1, 0.5, -2], dict(method="della_linear", convention="mergekit", density=0.4, epsilon=0.1)),
    ([0.7, 1.3, -0.5], dict(method="dare_linear", convention="peft", density=0.3)),
    ([0.7, 1.3, -0.5], dict(method="dare_ties", convention="peft", density=0.7, sign="frequency")),
    ([0.7, 1.3, 0.5], dict(method="della", convention="paper", density=0.6, epsilon=0.3, sign="total")),
]


def merge(adapters, weights, settings):
    """From what `read` gives to the merged delta by module path."""
    space, convention, lam = settings["space"], MERGES[settings["convention"]], settings["lambda"]
    isotropic, by_paper = settings["method"] == "iso_c", settings["convention"] == "paper"
    paths, count = sorted(adapters[0]), len(adapters)
    if space == "factors":
        return {path: merge_factors(path, [adapter[path] for adapter in adapters], weights, settings) for path in paths}
    coordinates = {path: SPACES[space]([adapter[path] for adapter in adapters]) for path in paths}
    trims = by_paper and settings["method"] == "ties"
    more = [whole_thresholds([coordinates[path][0] for path in paths], settings["density"])] if trims else []
    found = {}
    for path in paths:
        entries, back = coordinates[path]
        parts = [adapter[path] for adapter in adapters]
        merged = back(lam * convention(entries, weights, settings, streams(settings, path, space, count), *more))
        rank = settings.get("rank", max(part.a.shape[0] for part in parts))
        found[path] = cut(merged, min(merged.shape) if rank == "full" else rank, isotropic)
    return found


def merge_factors(path, parts, weights, settings):
    """A and B apart, scale and weight by their roots, the sign of the weight on A."""
    roots = [abs(weight * part.scale) ** 0.5 for weight, part in zip(weights, parts)]
    a, b = (
        merge_as_peft([getattr(part, factor.lower()) for part in parts], signed, settings, streams(settings, path, factor, len(parts)))
        for factor, signed in [("A", [np.sign(weight) * root for weight, root in zip(weights, roots)]), ("B", roots)])
    return b @ a


def merge_by_peft_alone(names, weights, settings):
    """`add_weighted_adapter`, from files to a delta."""
    model = PeftModel.from_pretrained(base(), FOLDER / names[0], adapter_name=names[0])
    for name in names[1:]:
        model.load_adapter(FOLDER / name, adapter_name=name)
    whole = settings["space"] == "delta"
    paths = [path.removeprefix("base_model.model.") for path, module in model.named_modules() if hasattr(module, "lora_A")]
    order = [
        stream for path in paths for group in (["delta"] if whole else ["A", "B"]) for stream in streams(settings, path, group, len(names))]
    more = dict(majority_sign_method=settings["sign"]) if "sign" in settings else {}
    if whole:
        more["svd_rank"] = settings["rank"]
    with drawing(order):
        model.add_weighted_adapter(
            names, weights, "merged", combination_type=settings["method"] + ("_svd" if whole else ""), density=settings["density"], **more)
    return {path: delta.double().numpy() for path, delta in deltas(model, "merged").items()}


def distance(found, expected):
    return max(float(abs(found[path] - expected[path]).max() / abs(expected[path]).max()) for path in expected)


def disturbed(adapter, random):
    def near(matrix):
        return matrix * (1 + DISTURBANCE * random.standard_normal(matrix.shape))

    return {path: Part(near(part.a), near(part.b), part.scale) for path, part in adapter.items()}


def main():
    prove_generator()
    assert all(name in ADAPTERS for name in EVEN)
    make_adapters()
    results, listed, random = {}, {}, np.random.default_rng(1)
    for name, (names, weights, chosen) in CASES.items():
        settings = DEFAULTS | chosen
        adapters = [read(adapter) for adapter in names]
        merged = merge(adapters, weights, settings)
        reach = max(distance(merge([disturbed(a, random) for a in adapters], weights, settings), merged) for _ in range(20))
        print(f"{name:24} moves by {reach:.1e}")
        assert reach < TOLERANCE, "badly conditioned: choose another seed or density"
        if name.startswith("peft-"):
            by_peft = merge_by_peft_alone(names, weights, settings)
            assert distance(merged, by_peft) < TOLERANCE, name
            merged = by_peft
        for path, delta in merged.items():
            results[f"{name}/{path}"] = torch.from_numpy(np.ascontiguousarray(delta)).float()
        listed[name] = dict(adapters=names, weights=weights, settings=settings)

    torch.manual_seed(11)
    matrices = [torch.randn(6, 10) for _ in range(3)]
    for number, matrix in enumerate(matrices):
        results[f"matrix/{number}"] = matrix
    dense = []
    for number, (weights, chosen) in enumerate(DENSE):
        settings = DEFAULTS | chosen | dict(seed=number)
        merged = MERGES[settings["convention"]](
            [matrix.double().numpy() for matrix in matrices], weights, settings, streams(settings, "dense", "matrix", len(matrices)))
        results[f"dense/{number}"] = torch.from_numpy(merged).float()
        dense.append(dict(weights=weights, settings=settings))

    draws = []
    for seed, step in [(0, 0), (7, 2)]:
        stream = CounterRandom(seed, "merge/dense/matrix", step)
        draws.append(dict(seed=seed, step=step, bits=[stream.next() >> 11 for _ in range(5)]))
    save_file(results, FOLDER / "expected" / "spaces.safetensors")
    written = dict(cases=listed, dense=dense, draws=draws)
    (FOLDER / "spaces.json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
