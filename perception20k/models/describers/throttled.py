"""Limits for API calls: a rate limit, retries with waits, a budget that stops a run cleanly."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from perception20k.config import Calls
from perception20k.core.errors import TransientError, UserError
from perception20k.imaging.images import Array
from perception20k.models.describers.base import Busy, Describer, NoReply, Reply

T = TypeVar("T")

LONGEST_WAIT = 60.0
"""Seconds; the limit of our own waits."""

LONGEST_ASKED = 600.0
"""Seconds; an API that asks for a longer wait is not waited for: the image is left for the next run."""

MAX_UNANSWERED = 5
"""Images in a row without an answer, after which a run stops: the API is down, or the day's quota is spent."""

_RESUME = "The answers so far are kept: run the same command again to resume"


class Throttle:
    """Calls by many threads within the limits. One object a run: it counts what the run spends."""

    def __init__(self, limits: Calls, name: str) -> None:
        self._limits, self._name = limits, name
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._jitter = random.SystemRandom()
        self._next = 0.0  # when the next request may begin
        self._held_until = 0.0  # what the API asked for
        self._requests = self._tokens = self._unanswered = 0

    def patiently(self, call: Callable[[], T], requests: int = 1) -> T:
        """What ``call`` returns, which is made again while the API is busy.

        Args:
            call: raises :class:`Busy`, :class:`NoReply` or :class:`UserError`, as :meth:`Describer.ask` does.
            requests: how many of the budget it takes; 0 is free and goes at once.

        Raises:
            NoReply: no answer; its tokens are counted.
            TransientError: no answer after all attempts; the next run asks again.
            UserError: also when the budget is spent, or too many calls in a row had no answer.
        """
        wait, trouble = self._limits.first_wait, ""
        for attempt in range(self._limits.attempts):
            if attempt:
                self.pause(min(LONGEST_WAIT, wait) * self._jitter.uniform(0.5, 1.5))
                wait *= 2
            if requests:
                self._begin(requests)
            try:
                return call()
            except Busy as busy:
                trouble, asked = str(busy), busy.wait or 0.0
                self.spend(busy.tokens)
                if asked > LONGEST_ASKED:
                    trouble += f" (asks to wait {asked:.0f} s)"
                    break
                self._hold(asked)
            except NoReply as refused:
                self.spend(refused.tokens, answered=True)
                raise
            except UserError:
                self.stop()
                raise
        with self._lock:
            self._unanswered += 1
            given_up = self._unanswered
        if given_up >= MAX_UNANSWERED:
            self._give_up(f"{self._name} gave no answer for {given_up} images in a row, the last time: {trouble}")
        raise TransientError(f"{self._name} gave no answer: {trouble}")

    def spend(self, tokens: int, *, answered: bool = False) -> None:
        """Count what a call cost, useful or not; ``answered`` notes that the API responds."""
        with self._lock:
            self._tokens += tokens
            if answered:
                self._unanswered = 0

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            TransientError: the run was stopped.
        """
        if self._stopped.wait(max(0.0, seconds)):
            raise TransientError("not asked: the run was stopped")

    def stop(self) -> None:
        """Ask for nothing more, and end all waits; answers on their way still count."""
        self._stopped.set()

    def _hold(self, seconds: float) -> None:
        """Let no request begin before the time that the API asked for."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)

    def _begin(self, requests: int) -> None:
        """Take requests from the budget and wait for their turn."""
        limits = self._limits
        with self._lock:
            if limits.max_tokens is not None and self._tokens >= limits.max_tokens:
                self._give_up(f"the budget of {limits.max_tokens} tokens is spent ({self._requests} requests)")
            if limits.max_requests is not None and self._requests + requests > limits.max_requests:
                self._give_up(f"the budget of {limits.max_requests} requests is spent ({self._tokens} tokens)")
            self._requests += requests
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60 / limits.per_minute
        self.pause(turn - now)
        while (left := self._held_until - time.monotonic()) > 0:
            self.pause(left)

    def _give_up(self, why: str) -> None:
        self.stop()
        raise UserError(f"describe: {why}", _RESUME)


class ThrottledDescriber(Throttle):
    """A describer within the limits."""

    def __init__(self, describer: Describer, limits: Calls, name: str) -> None:
        super().__init__(limits, name)
        self._describer = describer

    def ask(self, prompt: str, image: Array) -> Reply:
        """See :class:`Describer` and, for what it raises, :meth:`Throttle.patiently`."""
        answer = self.patiently(lambda: self._describer.ask(prompt, image))
        self.spend(answer.tokens, answered=True)
        return answer
