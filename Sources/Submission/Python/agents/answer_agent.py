"""Answers questions:

python -m agents.answer_agent --input_file outputs/filtered_questions.json --output_file outputs/answers.json --verbose
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from .answer_model import AAgent
from .engine import Reply
from .files import Tally, arguments, filtered_path, read_json, require_writable, run, write_json


class AnsweringAgent:
    """Puts questions to the model."""

    def __init__(self, model: AAgent, seed: int = 0) -> None:
        self.model = model
        self._seed = seed

    def answer(self, questions: list[Any]) -> list[tuple[dict[str, Any], Reply]]:
        """An answer to each question. Only the question and its choices are looked at: an answer that stands beside them is not."""
        self.model.ready()
        replies = self.model.ask([{"question": self._posed(question)} for question in questions], seed=self._seed)
        return [(json.loads(reply.text or "{}"), reply) for reply in replies]

    @staticmethod
    def _posed(question: Any) -> Any:
        if not isinstance(question, dict):
            return question
        return {key: question[key] for key in ("question", "choices") if key in question}


def main() -> None:
    parser = arguments(__doc__ or "", "answers.json")
    parser.add_argument(
        "--input_file", type=Path, default=Path("outputs/filtered_questions.json"), help="the questions (default: %(default)s)"
    )
    options = parser.parse_args()
    questions = read_json(options.input_file, list, "a list of questions, as the question agent writes it")
    filtered = filtered_path(options.output_file)
    for path in (options.output_file, filtered):
        require_writable(path)
    answers: list[dict[str, Any]] = []
    # An answer that fails the check leaves null in its place, so that the others keep theirs.
    passing: list[dict[str, Any] | None] = []

    model = AAgent(options.deadline)
    agent = AnsweringAgent(model, options.seed)
    tally = Tally("answer", len(questions), options.verbose)
    for start in range(0, len(questions), options.batch_size):
        for answer, reply in agent.answer(questions[start : start + options.batch_size]):
            tally.add(reply)
            answers.append(answer)
            passing.append(None if reply.problems else answer)
        write_json(options.output_file, answers)
        write_json(filtered, passing)
    model.close()
    tally.close(options.output_file)


if __name__ == "__main__":
    sys.exit(run(main))
