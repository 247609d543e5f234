"""The bundled program as a warm process: started once, asked line by line, replaced when it dies or hangs."""

from __future__ import annotations

import atexit
import importlib.util
import json
import math
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = 1
# Of a request's limit, the program is told this part; what is missing by the second part, this side makes up itself.
TOLD, OWN = 0.95, 0.985
# Seconds that a process may take: to load a large model; to finish what came too late; to end when asked to.
LOADING, OVERDUE, ENDING = 1800.0, 2.0, 1.0
# So many processes in a row may die without a reply before no more are started.
LONGEST_LOSING_STREAK = 3


Wish = str | dict[str, Any]
"""What a request is about: a message in words, or its fields in the protocol ("topic" and "area", or "question")."""


class EngineError(RuntimeError):
    """The program cannot be used at all: it is missing, does not start, or refuses its model or its settings."""


class _Died(Exception):
    """The process is gone, with requests open or not."""


@dataclass
class Reply:
    """What came of one request."""

    text: str | None
    """The agent's text; None if there is none, because the program died, hung or refused the request."""
    tokens: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    """Why it would fail the format check; empty if it passes."""
    is_fallback: bool = False


def warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)


def _torch_libraries() -> str | None:
    """The libraries of the torch that this Python would import, which takes seconds to import and is only looked for."""
    try:
        spec = importlib.util.find_spec("torch")
    except (ImportError, ValueError):
        return None
    for package in (spec.submodule_search_locations or []) if spec else []:
        return os.path.join(package, "lib")
    return None


class _Process:
    """One run of the program: its pipes, and a thread that takes its lines as they come."""

    def __init__(self, command: list[str], folder: Path) -> None:
        environment = dict(os.environ)
        libraries = None if environment.get("RETORT_TORCH") else _torch_libraries()
        if libraries:
            environment["RETORT_TORCH"] = libraries
        try:
            # In a session of its own, so that Ctrl-C reaches only this side, which then ends the program in good order. If this
            # side is killed, the program sees the end of its input and ends by itself.
            self.child = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise EngineError(f"cannot start {command[0]}: {error.strerror or error}") from error
        assert self.child.stdin and self.child.stdout
        self.input, self.output = self.child.stdin, self.child.stdout
        self.is_ready = False
        self.open: set[int] = set()
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.output:
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if isinstance(value, dict):
                self._lines.put(value)
            else:
                warn(f"the program wrote what is no reply: {line[:80]!r}")
        self._lines.put(None)

    def send(self, text: str, until: float) -> None:
        """Writes a line; a program that does not read by `until` counts as dead."""
        # Half characters, which Python's texts can hold and no reader of JSON takes, become question marks.
        data = memoryview((text + "\n").encode("utf-8", "replace"))
        try:
            while data:
                _, writable, _ = select.select([], [self.input], [], max(0.0, until - time.monotonic()))
                if not writable:
                    raise _Died
                # A pipe that is ready takes this much without blocking.
                data = data[os.write(self.input.fileno(), data[: select.PIPE_BUF]) :]
        except (OSError, ValueError):
            raise _Died from None

    def next(self, until: float) -> dict[str, Any] | None:
        """The next line, or None if none comes by `until`."""
        try:
            line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            raise _Died
        if isinstance(line.get("id"), int):
            self.open.discard(line["id"])
        return line

    def settle(self, until: float) -> bool:
        """Waits for replies that came too late to be used, so that the next request does not stand behind them."""
        while self.open:
            if self.next(until) is None:
                return False
        return True

    def end(self, patience: float = ENDING) -> int:
        """Ends the process, gently at first, and says how it ended."""
        try:
            self.input.close()
        except OSError:
            pass
        for insist in (self.child.terminate, self.child.kill):
            try:
                return self.child.wait(patience)
            except subprocess.TimeoutExpired:
                insist()
        return self.child.wait()


class Engine:
    """Sends requests to the program and gives back a reply for each, whatever happens to the program."""

    def __init__(self, agent: str, limit: float | None = None, root: Path = ROOT) -> None:
        """Starts the program and waits until its model is warm.

        `agent` is "question" or "answer"; `limit` is the contest's time for each reply in seconds, by default the manifest's.
        Raises EngineError if the program cannot be used.
        """
        self.root = root
        manifest = self._manifest()
        try:
            self.limit = float(manifest[agent]["deadline"]) if limit is None else limit
            binary = root / str(manifest["binary"]["path"])
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"{root / 'manifest.json'} is not a submission's manifest: {error!r}") from error
        self._agent = agent
        self._command = [str(binary), "agents", "--submission", str(root), "--agent", agent]
        self._process: _Process | None = None
        self._losing_streak = 0
        self._has_given_up = False
        self._ids = iter(range(1, sys.maxsize))
        atexit.register(self.close)
        self._start()
        if not self._wait_until_ready(time.monotonic() + LOADING):
            raise EngineError("the program did not become ready; its own message stands above")

    def _manifest(self) -> dict[str, Any]:
        path = self.root / "manifest.json"
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise EngineError(f"cannot read {path}: {error.strerror}") from error
        except ValueError as error:
            raise EngineError(f"{path} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise EngineError(f"{path} is not a submission's manifest")
        return value

    # Life and death

    def _start(self) -> None:
        self._process = _Process(self._command, self.root)

    def _wait_until_ready(self, until: float) -> bool:
        """Waits for the ready line; a process that ends by a signal before it is given one more try."""
        while self._process and not self._process.is_ready:
            try:
                line = self._process.next(until)
            except _Died:
                status = self._lose()
                if self._process is None and status < 0 and self._losing_streak < 2:
                    warn(f"the program was ended by signal {-status} while it loaded; it is started again")
                    self._start()
                continue
            if line is None:
                return False
            if line.get("ready"):
                if line.get("protocol") != PROTOCOL:
                    self._lose()
                    raise EngineError(f"the program speaks protocol {line.get('protocol')}, these files speak {PROTOCOL}")
                self._process.is_ready = True
        return self._process is not None

    def _lose(self) -> int:
        """Gives up the process and says how it ended."""
        process, self._process = self._process, None
        self._losing_streak += 1
        return process.end(0.0 if process.open else ENDING) if process else 0

    def ready(self, until: float | None = None) -> bool:
        """Makes the program ready for a request, starting it again if need be. Called between requests, so that what a lost
        process costs does not count as anybody's time; False if the program cannot be had by `until`."""
        has_all_time = until is None
        until = time.monotonic() + LOADING if until is None else until
        if self._process and self._process.is_ready:
            if self._process.child.poll() is not None:
                warn(f"the program has ended (status {self._lose()})")
            else:
                try:
                    if self._process.settle(min(until, time.monotonic() + OVERDUE)):
                        return True
                    warn("the program hangs and is killed")
                except _Died:
                    warn("the program has died")
                self._kill()
        if self._process is None:
            if self._losing_streak >= LONGEST_LOSING_STREAK:
                if not self._has_given_up:
                    warn("the program keeps dying; from here on replies are made without the model")
                self._has_given_up = True
                return False
            warn("the program is started again")
            try:
                self._start()
            except EngineError as error:
                warn(str(error))
                self._losing_streak += 1
                return False
        is_ready = self._wait_until_ready(until)
        if not is_ready and has_all_time and self._process:
            warn("the program does not become ready and is killed")
            self._kill()
        return is_ready

    def _kill(self) -> None:
        if self._process:
            self._process.child.kill()
            self._lose()

    def close(self) -> None:
        """Ends the program. Called at the interpreter's exit too."""
        process, self._process = self._process, None
        if process:
            process.end()
        atexit.unregister(self.close)

    # Requests

    def ask(
        self, wishes: Sequence[Wish], system: str | None = None, seed: int = 0, limit: float | None = None, **settings: Any
    ) -> list[Reply]:
        """Puts all wishes to the agent as one batch; a reply for each, in their order, by `limit` seconds (0 for no limit).

        A process that dies under the batch is replaced and the open requests are sent again, in what time is left.
        """
        began = time.monotonic()
        limit = self.limit if limit is None else limit
        own = began + (limit * OWN if limit else LOADING)
        base: dict[str, Any] = {"agent": self._agent, "seed": seed & (2**63 - 1), "deadline": limit * TOLD, "settings": _plain(settings)}
        if system is not None:
            base["system"] = system
        waiting = {next(self._ids): {**base, **(wish if isinstance(wish, dict) else {"message": wish})} for wish in wishes}
        ids, replies = list(waiting), {}
        for _ in range(2):
            if not waiting or not self.ready(own):
                break
            process = self._process
            assert process
            try:
                for id, reply in self._exchange(process, waiting, began, own):
                    del waiting[id]
                    replies[id] = reply
                    self._losing_streak = 0
                break
            except _Died:
                warn(f"the program died under {len(waiting)} of {len(wishes)} requests")
                self._kill()
        elapsed = time.monotonic() - began
        return [replies.get(id) or Reply(None, seconds=elapsed) for id in ids]

    @staticmethod
    def _exchange(process: _Process, waiting: dict[int, dict[str, Any]], began: float, until: float) -> Iterator[tuple[int, Reply]]:
        elapsed = time.monotonic() - began
        batch = [{"id": id, "elapsed": elapsed, **request} for id, request in waiting.items()]
        process.open |= set(waiting)
        process.send(json.dumps(batch, ensure_ascii=False), until)
        left = set(waiting)
        while left:
            line = process.next(until)
            if line is None:
                warn(f"no reply to {len(left)} requests in time")
                return
            id = line.get("id")
            if id is None:
                warn(f"the program refused a line: {line.get('error')}")
                process.open -= left
                return
            if id not in left:
                continue
            left.discard(id)
            if "error" in line:
                warn(f"the program refused a request: {line['error']}")
                yield id, Reply(None, seconds=time.monotonic() - began)
            else:
                yield id, Reply(
                    line.get("output"), int(line.get("tokens") or 0), time.monotonic() - began, list(line.get("problems") or [])
                )


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that the program can read: numbers, flags and texts."""
    return {
        key: value
        for key, value in settings.items()
        if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))
    }
