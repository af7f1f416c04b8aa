"""The exceptions of the project: one for people, two that become rows of the quarantine."""

from __future__ import annotations


class UserError(Exception):
    """An error the user can fix. The command line prints it as one line and exits with ``code``.

    Args:
        message: what is wrong and where (the file, the key, the value).
        hint: what to do about it; joined to the message.
        code: exit status, 1 for a failure, 2 for wrong usage.
    """

    def __init__(self, message: str, hint: str = "", *, code: int = 1) -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.code = code


class ItemError(Exception):
    """One item cannot be processed, and retrying would not help; the message is the reason in its quarantine row."""


class TransientError(ItemError):
    """One item could not be processed this time: a quarantine row now, and the next run tries again."""
