"""Stages to run: they square numbers, some of which are trouble."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from perception20k.core.errors import ItemError, UserError
from perception20k.execution.stage import Outcome, Stage, to_outcome
from tests.waiting import DEADLINE


class Square(Stage[int]):
    """Squares numbers; refuses 3, stumbles over 4; notes each item it works on in a file; dies of 97."""

    name = "square"

    def __init__(self, notes: Path, batch_size: int = 1) -> None:
        self.notes, self.size = notes, batch_size

    def key(self, item: int) -> str:
        return f"square {item}"

    def batches(self, items: Any) -> Any:
        items = list(items)
        return (items[i : i + self.size] for i in range(0, len(items), self.size))

    def process(self, batch: list[int]) -> list[Outcome]:
        return [to_outcome(self.process_one, item) for item in batch]

    def process_one(self, item: int) -> int:
        with self.notes.open("a") as notes:
            notes.write(f"{item} {os.getpid()}\n")
        if item == 3:
            raise ItemError("three is refused")
        if item == 4:
            raise ValueError("four is not thought of")
        if item == 97:
            os.kill(os.getpid(), signal.SIGSEGV)
        if item == 99:
            raise UserError("the model is missing")
        if item == 98:
            raise OSError(28, "No space left on device")
        return item * item

    def worked_on(self) -> list[int]:
        return [int(line.split()[0]) for line in self.notes.read_text().splitlines()]


class Waiting(Square):
    """Two threads, where 5 is not done before something has happened."""

    place = "threads"
    at_once = 2

    def __init__(self, notes: Path) -> None:
        super().__init__(notes)
        self.happened = threading.Event()

    def process_one(self, item: int) -> int:
        if item == 5:
            assert self.happened.wait(DEADLINE)
        return super().process_one(item)
