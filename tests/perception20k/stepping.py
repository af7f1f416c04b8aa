"""A command that stops at every step and waits to be told to go on, so that a test can kill it where it wants.

A step is a file about to be renamed into place, or results about to be or just written to the journal.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.waiting import DEADLINE

ROOT = Path(__file__).parents[2]
RENAME, JOURNAL = b"r", b"j"


class Stepping:
    """``perception20k ARGS`` in a process of its own, stopped before its first step."""

    def __init__(self, *args: str | Path) -> None:
        command = [sys.executable, "-m", "tests.perception20k.stepping", *map(str, args)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.at = self._next()

    def step(self) -> None:
        """Go on to the next step."""
        self._go()
        self.at = self._next()

    def kill(self, *, under_way: bool = False) -> None:
        """SIGKILL, here or anywhere on the way to the next step."""
        assert self.at, "the command has come to its end"
        if under_way:
            self._go()
        self._process.kill()
        assert self._process.wait() == -signal.SIGKILL
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def _go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"g")

    def _next(self) -> bytes:
        """The step it has stopped at; nothing where it has ended."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE)
        assert ready, "neither a step nor an end"
        return self._process.stdout.read(1) or b""


def main(arguments: list[str]) -> None:
    """Run the command line here, with a stop at each step."""
    from perception20k.cli import main as command
    from perception20k.execution.journal import Journal

    steps = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the command says

    def stop(step: bytes) -> None:
        os.write(steps, step)
        os.read(0, 1)

    def audit(event: str, args: tuple[Any, ...]) -> None:
        if event == "os.rename" and not str(args[1]).endswith(".pyc"):
            stop(RENAME)

    put = Journal.put

    def stepping_put(self: Journal, *args: Any) -> None:
        stop(JOURNAL)
        put(self, *args)
        stop(JOURNAL)

    Journal.put = stepping_put  # type: ignore[method-assign]
    sys.addaudithook(audit)
    command(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
