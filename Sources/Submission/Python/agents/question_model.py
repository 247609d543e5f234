"""The question agent's model: topics in, four-choice questions out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .engine import ROOT, Engine, EngineError, Reply, Wish


class QAgent:
    """Writes questions with the model that the bundled program keeps warm."""

    def __init__(self, deadline: float | None = None, root: Path = ROOT) -> None:
        """`deadline` is the time for each question in seconds, by default the manifest's. Raises EngineError if nothing works."""
        path = root / "assets" / "pool.json"
        try:
            self._pool: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(f"cannot read {path}: {error}; write the submission again") from error
        self._used: set[int] = set()
        self._asked = 0
        self._engine = Engine("question", deadline, root)

    def ready(self) -> bool:
        """Makes up for a program that was lost; to be called between questions, where it is nobody's time."""
        return self._engine.ready()

    def close(self) -> None:
        self._engine.close()

    def ask(self, messages: Sequence[Wish], system_prompt: str | None = None, **kwargs: Any) -> list[Reply]:
        """A question for each message, all decoded side by side; none is left without one."""
        kwargs.setdefault("seed", self._asked)
        self._asked += len(messages)
        replies = self._engine.ask(messages, system_prompt, kwargs.pop("seed"), kwargs.pop("deadline", None), **kwargs)
        pairs = zip(messages, replies, strict=True)
        return [reply if reply.text is not None else self._substitute(message, reply) for message, reply in pairs]

    def generate_response(
        self, message: str | list[str], system_prompt: str | None = None, **kwargs: Any
    ) -> tuple[str | list[str], int, float]:
        """A question as JSON for a message that names a topic; a list of them for a list. Any other message is continued freely.

        Keyword arguments are the settings of qgen.yaml, `seed` and `deadline`.
        Returns the text or texts, the number of generated tokens, and the seconds it took.
        """
        kwargs.pop("tgps_show", None)
        replies = self.ask([message] if isinstance(message, str) else list(message), system_prompt, **kwargs)
        texts = [reply.text or "" for reply in replies]
        tokens, seconds = sum(reply.tokens for reply in replies), max((reply.seconds for reply in replies), default=0.0)
        return (texts[0] if isinstance(message, str) else texts), tokens, seconds

    def _substitute(self, wish: Wish, reply: Reply) -> Reply:
        """A question that was made and checked when the submission was written, as near to the topic as there is one."""
        if len(self._used) >= len(self._pool):
            self._used.clear()
        wanted = _words(str(wish))
        free = (index for index in range(len(self._pool)) if index not in self._used)
        best = max(free, key=lambda index: len(wanted & _words(str(self._pool[index].get("topic", "")))))
        self._used.add(best)
        return Reply(json.dumps(self._pool[best], ensure_ascii=False), 0, reply.seconds, is_fallback=True)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower()))
