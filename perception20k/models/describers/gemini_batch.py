"""Gemini's batch mode: half the price, for answers that may take a day.

The requests of many images go as one file, a job. Its name is the digest of what it asks: a build that was stopped
while it waited finds the job again, so that nothing is paid for twice. Google keeps results for two days.
"""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Sequence
from typing import Any

from perception20k.config import Describe
from perception20k.core.errors import TransientError
from perception20k.imaging.images import Array
from perception20k.models.describers.base import Busy, NoReply, Reply, jpeg
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

    def ask_together(self, prompt: str, images: Sequence[Array], name: str) -> list[Reply | NoReply | Busy]:
        """The answer about each image, or why there is none; returns when the job is done.

        Args:
            prompt: the question.
            images: RGB, see :meth:`perception20k.models.describers.base.Describer.ask`.
            name: of the job; the same for the same questions, and for no others.

        Raises:
            TransientError, NoReply, UserError: the job as a whole failed; see :meth:`Throttle.patiently`.
        """
        if not images:
            return []
        name = f"perception20k-{name}"
        job = self.patiently(lambda: self._find(name), 0)
        if job is None:
            job = self.patiently(lambda: self._start(name, prompt, images), len(images))
        wait = self._first_wait
        while (answers := self.patiently(lambda: self._answers(job, len(images)), 0)) is None:
            self.pause(min(LONGEST_WAIT, wait))
            wait *= 2
        self.spend(sum(answer.tokens for answer in answers), answered=True)
        if not any(isinstance(answer, Reply) for answer in answers):
            self.patiently(lambda: self._forget(job), 0)  # so that it can be asked again
        return answers

    def _find(self, name: str) -> str | None:
        """The job of this name, if an earlier run started it and it has not failed."""
        with self._lock_of_jobs:
            if self._jobs is None:
                every = self._gemini.call(lambda: list(self._gemini.client.batches.list(config={"page_size": 100})))
                self._jobs = {job.display_name: job.name for job in every if _state(job) not in _USELESS}
            return self._jobs.get(name)

    def _start(self, name: str, prompt: str, images: Sequence[Array]) -> str:
        if job := self._find(name):  # started by a call whose answer was lost
            return job
        client, settings = self._gemini.client, self._gemini.settings
        generation = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
        lines = []
        for place, image in enumerate(images):
            picture = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(jpeg(image)).decode()}}
            contents = [{"role": "user", "parts": [picture, {"text": prompt}]}]
            request = {"contents": contents, "generationConfig": generation}
            lines.append(json.dumps({"key": str(place), "request": request}))
        data = io.BytesIO("\n".join(lines).encode())
        about: Any = {"display_name": name, "mime_type": "jsonl"}
        create, model = client.batches.create, self._gemini.model
        file = self._gemini.call(lambda: client.files.upload(file=data, config=about))
        try:
            job = self._gemini.call(lambda: create(model=model, src=file.name, config={"display_name": name}))
        except Busy:
            with self._lock_of_jobs:
                self._jobs = None  # perhaps it was started: look again
            raise
        return str(job.name)

    def _answers(self, job: str, count: int) -> list[Reply | NoReply | Busy] | None:
        """The answers in the order of the images; None while the job is not done."""
        client = self._gemini.client
        found = self._gemini.call(lambda: client.batches.get(name=job))
        if _state(found) in _USELESS:
            raise TransientError(f"its batch job ended as {_state(found).removeprefix('JOB_STATE_')}")
        if _state(found) not in _DONE:
            return None
        data = self._gemini.call(lambda: client.files.download(file=found.dest.file_name))
        answers: list[Reply | NoReply | Busy] = [Busy("no answer in the batch") for _ in range(count)]
        for line in data.decode("utf-8").splitlines():
            row = json.loads(line)
            answers[int(row["key"])] = self._read(row)
        return answers

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

    def _forget(self, job: str) -> None:
        self._gemini.call(lambda: self._gemini.client.batches.delete(name=job))


def _state(job: Any) -> str:
    return str(getattr(job.state, "value", job.state) or "")
