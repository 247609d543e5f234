"""Writes Tests/Fixtures/Evaluation/statistics.json with scipy 1.17 and statsmodels 0.15.

    .venv-peers/bin/pip install scipy statsmodels
    .venv-peers/bin/python Tests/Oracles/evaluation_statistics.py

pairs: tables of two answerers on the same questions; McNemar's p (statsmodels), the percentile interval of 20,000 resampled
differences (scipy.stats.bootstrap, so exact only to a step or two of 1/count), and Connor's number of questions with the power that
McNemar's test has at it, summed over all its outcomes (must be near 0.8).
holm: statsmodels' multipletests. groups: the pooled standard error by its definition, from numpy's variance within each subject.
calibration: accuracy, Brier and expected calibration error from numpy over bins cut with numpy.digitize.
"""
import json
import pathlib

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

random = np.random.default_rng(1)


def needed(lost, gained, count):
    if lost == gained:
        return None, None
    discordant, difference = (lost + gained) / count, (gained - lost) / count
    root = stats.norm.ppf(0.975) * discordant**0.5 + stats.norm.ppf(0.8) * (discordant - difference**2) ** 0.5
    questions = int(np.ceil(root**2 / difference**2))
    share = gained / (lost + gained)
    power = 0.0
    for pairs in range(1, questions + 1):
        weight = stats.binom.pmf(pairs, questions, discordant)
        if weight < 1e-9:
            continue
        won = np.arange(pairs + 1)
        rejected = (2 * won - pairs) ** 2 / pairs > stats.chi2.ppf(0.95, 1)
        power += weight * stats.binom.pmf(won, pairs, share)[rejected].sum()
    # Where nothing was lost the normal approximation asks for more than it takes.
    assert 0.76 < power < (0.84 if lost and gained else 1), (lost, gained, count, questions, power)
    return questions, power


def pair(both, lost, gained, neither):
    count = both + lost + gained + neither
    differences = np.array([0] * both + [-1] * lost + [1] * gained + [0] * neither)
    result = stats.bootstrap((differences,), np.mean, n_resamples=20_000, batch=500, method="percentile", rng=random)
    questions, power = needed(lost, gained, count)
    return {
        "both": both, "onlyFirst": lost, "onlySecond": gained, "neither": neither,
        "p": float(mcnemar([[both, lost], [gained, neither]], exact=True).pvalue),
        "lower": float(result.confidence_interval.low), "upper": float(result.confidence_interval.high),
        "needed": questions, "power": power,
    }


def calibration(count):
    scores = np.round(random.normal(size=(count, 4)) * 2, 3)
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    answers = random.integers(0, 4, count)
    chances = np.exp(logs)
    confidence, right = chances.max(1), chances.argmax(1) == answers
    bins = np.digitize(confidence, np.linspace(0, 1, 11)[1:-1], right=True)
    error = sum((bins == b).mean() * abs(right[bins == b].mean() - confidence[bins == b].mean()) for b in set(bins))
    return {
        "logProbabilities": logs.tolist(), "answers": answers.tolist(), "accuracy": float(right.mean()), "ece": float(error),
        "brier": float(((chances - np.eye(4)[answers]) ** 2).sum(1).mean()),
        "bins": [int((bins == b).sum()) for b in range(10)],
    }


def group(counts):
    within = sum((n - 1) * np.var([1] * k + [0] * (n - k), ddof=1) for k, n in counts)
    total = sum(n for _, n in counts)
    return {"counts": counts, "standardError": float((within / (total - len(counts)) / total) ** 0.5)}


tables = [(100, 20, 45, 135), (9, 5, 12, 4), (300, 0, 30, 170), (300, 30, 0, 170), (40, 3, 3, 4), (0, 40, 60, 0),
          (700, 400, 380, 520), (20, 0, 0, 10), (5_000, 700, 820, 3_480)]
values = [[0.01, 0.04, 0.03, 0.005], [0.5, 0.02, 0.02], [0.9], [0.0001, 0.6, 0.04, 0.011, 0.013]]
path = pathlib.Path(__file__).parent.parent / "Fixtures/Evaluation/statistics.json"
path.write_text(json.dumps({
    "pairs": [pair(*table) for table in tables],
    "holm": [{"p": v, "corrected": multipletests(v, method="holm")[1].tolist()} for v in values],
    "groups": [group(c) for c in [[(32, 100), (22, 126), (48, 198)], [(3, 10)], [(700, 1000), (10, 12)]]],
    "calibration": calibration(60),
}, indent=1) + "\n")
