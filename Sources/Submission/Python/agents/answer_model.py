"""The answer agent's model: four-choice questions in, answers out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .engine import ROOT, Engine, Reply, Wish


class AAgent:
    """Answers questions with the model that the bundled program keeps warm."""

    def __init__(self, deadline: float | None = None, root: Path = ROOT) -> None:
        """`deadline` is the time for each answer in seconds, by default the manifest's. Raises EngineError if nothing works."""
        self._answered = 0
        self._engine = Engine("answer", deadline, root)

    def ready(self) -> bool:
        """Makes up for a program that was lost; to be called between questions, where it is nobody's time."""
        return self._engine.ready()

    def close(self) -> None:
        self._engine.close()

    def ask(self, messages: Sequence[Wish], system_prompt: str | None = None, **kwargs: Any) -> list[Reply]:
        """An answer to each message, all decoded side by side; none is left without one."""
        kwargs.setdefault("seed", self._answered)
        self._answered += len(messages)
        replies = self._engine.ask(messages, system_prompt, kwargs.pop("seed"), kwargs.pop("deadline", None), **kwargs)
        pairs = zip(messages, replies, strict=True)
        return [reply if reply.text is not None else _guess(message, reply) for message, reply in pairs]

    def generate_response(
        self, message: str | list[str], system_prompt: str | None = None, **kwargs: Any
    ) -> tuple[str | list[str], int, float]:
        """An answer as JSON for a message with a question and its four choices; a list of them for a list. Any other message is
        continued freely.

        Keyword arguments are the settings of agen.yaml, `seed` and `deadline`.
        Returns the text or texts, the number of generated tokens, and the seconds it took.
        """
        kwargs.pop("tgps_show", None)
        replies = self.ask([message] if isinstance(message, str) else list(message), system_prompt, **kwargs)
        texts = [reply.text or "" for reply in replies]
        tokens, seconds = sum(reply.tokens for reply in replies), max((reply.seconds for reply in replies), default=0.0)
        return (texts[0] if isinstance(message, str) else texts), tokens, seconds


def _guess(wish: Wish, reply: Reply) -> Reply:
    """A valid answer where the model gave none: the longest choice, which whoever writes questions often makes the right one."""
    if isinstance(wish, dict):
        question = wish.get("question")
        choices = question.get("choices") if isinstance(question, dict) else None
        choices = choices if isinstance(choices, list) else []
    else:
        # The choices of a text run from one letter to the next.
        choices = re.split(r"(?:^|\s)\(?[ABCD][).:]\s", wish)[1:]
    lengths = [len(str(choice)) for choice in choices[:4]]
    letter = "ABCD"[lengths.index(max(lengths))] if lengths else "A"
    answer = {"answer": letter, "reasoning": "There was no time to reason; this is a guess."}
    return Reply(json.dumps(answer), 0, reply.seconds, is_fallback=True)
