"""Logins: names and passwords from a file or the environment, and patience with wrong ones."""

from __future__ import annotations

import base64
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from perception20k.core.errors import UserError

AUTH_VARIABLE = "PERCEPTION20K_REVIEW_AUTH"
"""Environment variable that holds ``user:password``; several are separated by line breaks."""


def read_auth(file: Path | None) -> dict[str, str]:
    """Users and their passwords from ``file``, or from the environment; empty if neither is given.

    Raises:
        UserError: a file that everybody may read, a line that is not ``user:password``, or two names that differ by
            case alone. The message shows no password.
    """
    if file is not None and os.name == "posix" and file.stat().st_mode & stat.S_IROTH:
        raise UserError(f"{file}: everybody on this computer can read the passwords", f"Protect it: chmod 600 {file}")
    where = f"${AUTH_VARIABLE}" if file is None else str(file)
    try:
        text = os.environ.get(AUTH_VARIABLE, "") if file is None else file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{where}: is not UTF-8", "Save it as UTF-8 text") from None
    users: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        user, colon, password = line.strip().partition(":")
        if not (user and colon and password):
            raise UserError(f"{where}: line {number} is not user:password")
        if user.casefold() in {known.casefold() for known in users}:
            raise UserError(
                f"{where}: line {number} has a name that is there already", "Names differ by more than case"
            )
        users[user] = password
    if file is not None and not users:
        raise UserError(f"{file}: lists no user", "Write one line user:password for each reviewer")
    return users


class Guesses:
    """Wrong passwords: after ten in a row from one address for one name, each further one makes it wait longer."""

    FREE, LONGEST, REMEMBERED = 10, 60.0, 10_000

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Nothing guessed yet; ``now`` gives seconds."""
        self._now = now
        self._wrong: dict[tuple[str, str], tuple[int, float]] = {}

    def wait(self, guesser: tuple[str, str]) -> float:
        """Seconds until this address may try this name again; a name that nobody has is the empty one."""
        return max(0.0, self._wrong.get(guesser, (0, 0.0))[1] - self._now())

    def note(self, guesser: tuple[str, str], *, right: bool) -> None:
        """Note a try."""
        wrong = self._wrong.pop(guesser, (0, 0.0))[0]
        if right:
            return
        if len(self._wrong) >= self.REMEMBERED:  # the oldest goes
            del self._wrong[next(iter(self._wrong))]
        wait = min(self.LONGEST, 2.0 ** (wrong + 1 - self.FREE)) if wrong + 1 >= self.FREE else 0.0
        self._wrong[guesser] = (wrong + 1, self._now() + wait if wait else 0.0)


def credentials(authorization: str) -> tuple[str, str]:
    """Name and password of a login; empty if there is none that can be read."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8 in it
        return "", ""
    return name, password
