"""The contest's files, and what both command lines share."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .engine import EngineError, Reply


class FileProblem(Exception):
    """A file that cannot be used, with what to do about it."""


def read_json(path: Path, kind: type, what: str) -> Any:
    """Reads a JSON file whose outermost value is of `kind`; `what` says what it should be, for the message."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FileProblem(f"{path} is not JSON ({error}); it should be {what}") from error
    if not isinstance(value, kind):
        raise FileProblem(f"{path} should be {what}")
    return value


def write_json(path: Path, value: Any) -> None:
    """Writes beside the file and renames, so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", errors="replace")
        os.replace(part, path)
    except OSError as error:
        raise FileProblem(unwritable(path, error)) from error


def unwritable(path: Path, error: OSError) -> str:
    where = f"{error.filename}: " if error.filename and str(error.filename) != str(path) else ""
    return f"cannot write {path}: {where}{error.strerror or error}"


def require_writable(path: Path) -> None:
    """Finds out whether a file can be written, without touching the one that is there."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise FileProblem(f"cannot write {path}: it is a folder")
        part.touch()
        part.unlink()
    except OSError as error:
        raise FileProblem(unwritable(path, error)) from error


def filtered_path(path: Path) -> Path:
    """outputs/questions.json → outputs/filtered_questions.json"""
    return path.with_name(f"filtered_{path.name}")


class Tally:
    """Counts replies and, if asked to, tells about each: its time, its tokens, its speed."""

    def __init__(self, name: str, total: int, verbose: bool) -> None:
        self.name, self.total, self.verbose = name, total, verbose
        self.done = self.tokens = self.fallbacks = self.failing = 0
        self.slowest = 0.0
        self.began = time.monotonic()

    def add(self, reply: Reply) -> None:
        self.done += 1
        self.tokens += reply.tokens
        self.fallbacks += reply.is_fallback
        self.failing += bool(reply.problems)
        self.slowest = max(self.slowest, reply.seconds)
        if self.verbose:
            rate = reply.tokens / reply.seconds if reply.seconds > 0 else 0.0
            note = " (made without the model)" if reply.is_fallback else ""
            numbers = f"{reply.seconds:.3f} s, {reply.tokens} tokens, {rate:.1f} tokens/s"
            print(f"{self.name} {self.done}/{self.total}: {numbers}{note}", flush=True)
            for problem in reply.problems:
                print(f"  fails the format check: {problem}", flush=True)

    def close(self, path: Path) -> None:
        seconds = time.monotonic() - self.began
        if self.verbose:
            rate = self.tokens / seconds if seconds > 0 else 0.0
            print(f"total: {seconds:.3f} s, {self.tokens} tokens, {rate:.1f} tokens/s, slowest {self.slowest:.3f} s")
        made = f", {self.fallbacks} made without the model" if self.fallbacks else ""
        print(f"{self.done} {self.name}s in {path}, {self.done - self.failing} pass the format check{made}", flush=True)


def arguments(description: str, output: str) -> argparse.ArgumentParser:
    """What both command lines take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output_file", type=Path, default=Path("outputs") / output, help="the JSON file to write (default: %(default)s)")
    parser.add_argument("--batch_size", type=positive, default=1, help="requests that share their time (default: %(default)s)")
    parser.add_argument("--deadline", type=seconds, help="seconds for each reply (default: the contest's)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other replies (default: %(default)s)")
    parser.add_argument("--verbose", action="store_true", help="tell the time and tokens of every reply")
    return parser


def positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 1000")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86400:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return value


def run(body: Callable[[], None]) -> int:
    """Runs a command line to its exit code: 0 done, 1 failed, 130 interrupted; what can be expected to go wrong gets one line."""
    # Asked to end from outside (as `timeout` does), the program is to end too, and what is done is kept.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        body()
        return 0
    except KeyboardInterrupt:
        print("interrupted; what was finished is in the output file", file=sys.stderr)
        return 130
    except (EngineError, FileProblem) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
