"""One process at a time in a directory."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perception20k.core.errors import UserError


@contextmanager
def held(lock: Path, what: str) -> Iterator[None]:
    """Hold the file ``lock`` while the block runs; the system lets go of it with the process, however that ends.

    Args:
        lock: made if need be, and left behind.
        what: names the place in the error, such as the directory that is held.

    Raises:
        UserError: another process holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise UserError(
                f"{what}: another process is using it ({stream.read().strip()})", "Wait for it, or stop it"
            ) from None
        stream.truncate(0)
        stream.write(f"{socket.gethostname()}, process {os.getpid()}\n")
        stream.flush()
        yield
