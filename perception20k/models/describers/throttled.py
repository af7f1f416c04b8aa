"""Limits for API calls: a rate limit, retries with waits, a budget that stops a run cleanly."""

from __future__ import annotations

import random
import threading
import time

from perception20k.config import Calls
from perception20k.core.errors import TransientError, UserError
from perception20k.imaging.images import Array
from perception20k.models.describers.base import Busy, Describer, NoReply, Reply

LONGEST_WAIT = 60.0
"""Seconds; the limit of our own waits."""

LONGEST_ASKED = 600.0
"""Seconds; an API that asks for a longer wait is not waited for: the image is left for the next run."""

MAX_UNANSWERED = 5
"""Images in a row without an answer, after which a run stops: the API is down, or the day's quota is spent."""

_RESUME = "The answers so far are kept: run the same command again to resume"


class ThrottledDescriber:
    """Wraps a describer for use by many threads. One object a run: it counts what the run spends."""

    def __init__(self, describer: Describer, limits: Calls, name: str) -> None:
        self._describer, self._limits, self._name = describer, limits, name
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._jitter = random.SystemRandom()
        self._next = 0.0  # when the next request may begin
        self._requests = self._tokens = self._unanswered = 0

    def ask(self, prompt: str, image: Array) -> Reply:
        """See :class:`Describer`.

        Raises:
            NoReply: no answer for this image; its tokens are counted.
            TransientError: no answer after all attempts; the next run asks again.
            UserError: also when the budget is spent, or too many images in a row had no answer.
        """
        wait, asked, trouble = self._limits.first_wait, 0.0, ""
        for attempt in range(self._limits.attempts):
            if attempt:
                self._pause(max(min(LONGEST_WAIT, wait) * self._jitter.uniform(0.5, 1.5), asked))
                wait *= 2
            self._begin()
            try:
                answer = self._describer.ask(prompt, image)
            except Busy as busy:
                trouble, asked = str(busy), busy.wait or 0.0
                with self._lock:
                    self._tokens += busy.tokens
                if asked > LONGEST_ASKED:
                    trouble += f" (asks to wait {asked:.0f} s)"
                    break
            except NoReply as refused:
                self._spent(refused.tokens)
                raise
            except UserError:
                self._stopped.set()
                raise
            else:
                self._spent(answer.tokens)
                return answer
        with self._lock:
            self._unanswered += 1
            given_up = self._unanswered
        if given_up >= MAX_UNANSWERED:
            self._stop(f"{self._name} gave no answer for {given_up} images in a row, the last time: {trouble}")
        raise TransientError(f"{self._name} gave no answer: {trouble}")

    def _spent(self, tokens: int) -> None:
        """Count what an answer cost, useful or not, and note that the API responds."""
        with self._lock:
            self._tokens += tokens
            self._unanswered = 0

    def _begin(self) -> None:
        """Take a request from the budget and wait for its turn."""
        limits = self._limits
        with self._lock:
            if limits.max_tokens is not None and self._tokens >= limits.max_tokens:
                self._stop(f"the budget of {limits.max_tokens} tokens is spent ({self._requests} requests)")
            if limits.max_requests is not None and self._requests >= limits.max_requests:
                self._stop(f"the budget of {limits.max_requests} requests is spent ({self._tokens} tokens)")
            self._requests += 1
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60 / limits.per_minute
        self._pause(turn - now)

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise TransientError("not asked: the run was stopped")

    def _stop(self, why: str) -> None:
        self._stopped.set()
        raise UserError(f"describe: {why}", _RESUME)
