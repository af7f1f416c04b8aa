"""Gemini's batch mode: half the price, for answers that may take a day.

The requests of many images go as one file, a job. Its name is the digest of what it asks: a build that was stopped
while it waited finds the job again, so that nothing is paid for twice. Google keeps results for two days.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections.abc import Callable, Iterable
from typing import Any

from perception20k.config import Describe
from perception20k.core.errors import TransientError
from perception20k.models.describers.base import Busy, NoReply, Reply
from perception20k.models.describers.gemini import Gemini
from perception20k.models.describers.throttled import LONGEST_WAIT, Throttle

JOB_SIZE = 256
"""Images of a job: about 100 MB, where the API takes up to 2 GB."""

_DONE = {"JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"}
_USELESS = {"JOB_STATE_FAILED", "JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"}

_LASTING = {3, 9, 11, 400}
"""Errors of single requests that another try would not change: a bad request, as gRPC and HTTP number it."""


class GeminiBatch(Throttle):
    """Asks about many images at once."""

    def __init__(self, config: Describe) -> None:
        super().__init__(config.calls, f"{config.backend} {config.model}")
        self._gemini = Gemini(config)
        self._first_wait = config.calls.first_wait
        self._jobs: dict[str, str] | None = None  # of earlier runs, by display name
        self._lock_of_jobs = threading.Lock()

    def ask_together(
        self, prompt: str, pictures: Callable[[], Iterable[tuple[int, bytes]]], count: int, name: str
    ) -> dict[int, Reply | NoReply | Busy]:
        """The answer about each picture, or why there is none, by its number; returns when the job is done.

        Args:
            prompt: the question.
            pictures: gives the pictures as JPEG with their numbers. Only one is in memory at a time, and none if the
                job was started by an earlier run.
            count: how many requests that is at most.
            name: of the job; the same for the same questions, and for no others.

        Raises:
            TransientError, NoReply, UserError: the job as a whole failed; see :meth:`Throttle.patiently`.
        """
        name = f"perception20k-{name}"
        job = self.patiently(lambda: self._find(name), 0)
        if job is None:
            job = self.patiently(lambda: self._start(name, prompt, pictures), count)
        if job is None:
            return {}
        wait = self._first_wait
        while (answers := self.patiently(lambda: self._answers(job), 0)) is None:
            self.pause(min(LONGEST_WAIT, wait))
            wait *= 2
        self.spend(sum(answer.tokens for answer in answers.values()), answered=True)
        if not any(isinstance(answer, Reply) for answer in answers.values()):
            delete = self._gemini.client.batches.delete
            self.patiently(lambda: self._gemini.call(lambda: delete(name=job)), 0)  # so that it can be asked again
        return answers

    def _find(self, name: str) -> str | None:
        """The job of this name, if an earlier run started it and it has not failed."""
        with self._lock_of_jobs:
            if self._jobs is None:
                every = self._gemini.call(lambda: list(self._gemini.client.batches.list(config={"page_size": 100})))
                self._jobs = {job.display_name: job.name for job in every if _state(job) not in _USELESS}
            return self._jobs.get(name)

    def _start(self, name: str, prompt: str, pictures: Callable[[], Iterable[tuple[int, bytes]]]) -> str | None:
        """Start the job; None if there is no picture."""
        if job := self._find(name):  # started by a call whose answer was lost
            return job
        client, model, config = self._gemini.client, self._gemini.model, {"display_name": name}
        generation = self._gemini.settings.model_dump(mode="json", by_alias=True, exclude_none=True)
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as requests:
            for number, picture in pictures():
                data = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(picture).decode()}}
                contents = [{"role": "user", "parts": [data, {"text": prompt}]}]
                request = {"contents": contents, "generationConfig": generation}
                requests.write(json.dumps({"key": str(number), "request": request}) + "\n")
            if not requests.tell():
                return None
            requests.flush()
            about: Any = {**config, "mime_type": "jsonl"}
            file = self._gemini.call(lambda: client.files.upload(file=requests.name, config=about))
        try:
            job = self._gemini.call(lambda: client.batches.create(model=model, src=file.name, config=config))
        except Busy:
            with self._lock_of_jobs:
                self._jobs = None  # perhaps it was started: look again
            raise
        return str(job.name)

    def _answers(self, job: str) -> dict[int, Reply | NoReply | Busy] | None:
        """The answers by number; None while the job is not done."""
        client = self._gemini.client
        found = self._gemini.call(lambda: client.batches.get(name=job))
        if _state(found) in _USELESS:
            raise TransientError(f"its batch job ended as {_state(found).removeprefix('JOB_STATE_')}")
        if _state(found) not in _DONE:
            return None
        data = self._gemini.call(lambda: client.files.download(file=found.dest.file_name))
        rows = [json.loads(line) for line in data.decode("utf-8").splitlines()]
        return {int(row["key"]): self._read(row) for row in rows}

    def _read(self, row: dict[str, Any]) -> Reply | NoReply | Busy:
        from google.genai import types

        if error := row.get("error"):
            text = f"{error.get('code', '')}: {error.get('message', '')}"
            return NoReply(f"refused by Gemini: {text}") if error.get("code") in _LASTING else Busy(text)
        try:
            response = types.GenerateContentResponse.model_validate(row.get("response") or {})
            return self._gemini.answer(response)
        except (NoReply, Busy) as reason:
            return reason
        except ValueError:
            return Busy("an answer in an unknown form")


def _state(job: Any) -> str:
    return str(getattr(job.state, "value", job.state) or "")
