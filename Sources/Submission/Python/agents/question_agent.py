"""Asks questions:

python -m agents.question_agent --output_file outputs/questions.json --num_questions 20 --verbose
"""

from __future__ import annotations

import json
import random
import sys
from itertools import count
from pathlib import Path
from typing import Any

from .engine import ROOT, Reply
from .files import FileProblem, Tally, arguments, filtered_path, positive, read_json, require_writable, run, write_json
from .question_model import QAgent


def read_topics(path: Path) -> list[tuple[str, str]]:
    """The topics of {"Area": ["topic", …], …}, each with its area."""
    shape = 'an object of lists, {"Area": ["topic", …], …}'
    topics = []
    for area, names in read_json(path, dict, shape).items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise FileProblem(f"{path} should be {shape}; '{area}' holds something else")
        topics += [(area, name.strip()) for name in names if name.strip()]
    if not topics:
        raise FileProblem(f"{path} names no topic; it should be {shape}")
    return topics


def choose(topics: list[tuple[str, str]], number: int, seed: int) -> list[tuple[str, str]]:
    """So many topics in a random order; each comes once before any comes again."""
    draw = random.Random(seed)
    chosen: list[tuple[str, str]] = []
    while len(chosen) < number:
        chosen += draw.sample(topics, len(topics))
    return chosen[:number]


class QuestioningAgent:
    """Puts topics to the model and keeps what came of them."""

    def __init__(self, model: QAgent, seed: int = 0) -> None:
        self.model = model
        self._seeds = count(seed * 1_000_003)
        self._texts: set[str] = set()

    def ask(self, topics: list[tuple[str, str]]) -> list[tuple[dict[str, Any], Reply]]:
        """A question on each topic; one that was asked before is asked for once more."""
        made = self._ask(topics)
        for index, (question, _) in enumerate(made):
            text = str(question.get("question"))
            if text in self._texts:
                made[index] = self._ask([topics[index]])[0]
            self._texts.add(str(made[index][0].get("question")))
        return made

    def _ask(self, topics: list[tuple[str, str]]) -> list[tuple[dict[str, Any], Reply]]:
        self.model.ready()
        replies = self.model.ask([{"area": area, "topic": topic} for area, topic in topics], seed=next(self._seeds))
        return [(json.loads(reply.text or "{}"), reply) for reply in replies]


def main() -> None:
    parser = arguments(__doc__ or "", "questions.json")
    parser.add_argument("--num_questions", type=positive, default=20, help="how many questions (default: %(default)s)")
    parser.add_argument(
        "--topics_file", type=Path, default=ROOT / "assets" / "topics.json", help="what to ask about (default: assets/topics.json)"
    )
    options = parser.parse_args()
    topics = choose(read_topics(options.topics_file), options.num_questions, options.seed)
    filtered = filtered_path(options.output_file)
    for path in (options.output_file, filtered):
        require_writable(path)
    questions: list[dict[str, Any]] = []
    passing: list[dict[str, Any]] = []

    model = QAgent(options.deadline)
    agent = QuestioningAgent(model, options.seed)
    tally = Tally("question", len(topics), options.verbose)
    for start in range(0, len(topics), options.batch_size):
        for question, reply in agent.ask(topics[start : start + options.batch_size]):
            tally.add(reply)
            questions.append(question)
            if not reply.problems:
                passing.append(question)
        write_json(options.output_file, questions)
        write_json(filtered, passing)
    model.close()
    tally.close(options.output_file)


if __name__ == "__main__":
    sys.exit(run(main))
