"""A command that stops at every step and waits to be told to go on, so that a test can kill it where it wants.

A step is a file about to be renamed into place, or results about to be or just written to the journal.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.waiting import DEADLINE

ROOT = Path(__file__).parents[2]
RENAME, JOURNAL = b"r", b"j"


class Stepping:
    """``perception20k ARGS`` in a process of its own, stopped before its first step."""

    def __init__(self, *args: str | Path) -> None:
        command = [sys.executable, "-m", "tests.perception20k.stepping", *map(str, args)]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in _end
        self._process = subprocess.Popen(
            command, cwd=ROOT, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self.at = self._next()

    def step(self) -> None:
        """Go on to the next step, of which there must be one."""
        self._go()
        self.at = self._next()

    def kill(self, *, under_way: bool = False) -> None:
        """SIGKILL, here or anywhere on the way to the next step."""
        if under_way:
            self._go()
        self._process.kill()
        assert self._end() == -signal.SIGKILL

    def _go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"g")

    def _next(self) -> bytes:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE)
        step = self._process.stdout.read(1) if ready else b""
        if not step:
            self._process.kill()
            self._errors.seek(0)
            said = self._errors.read()[-3000:]
            raise AssertionError(f"it ended with {self._end()}: {said!r}")
        return step

    def _end(self) -> int:
        status = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            stream.close()
        return status


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
