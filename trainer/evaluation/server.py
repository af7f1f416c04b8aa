"""A model behind an OpenAI-compatible server, such as vLLM's or a vendor's.

The key comes from ``OPENAI_API_KEY`` and reaches no file and no message. A time-out, a 429, a 5xx and a broken
connection are tried again with growing pauses (the client's own); a question that still has no answer, or whose reply
is no chat completion, is left for the next run, since that says nothing about the model. A reply without text, or a
refusal of one question (400, 413, 422), is an answer that cannot be read; where a whole first batch is refused, or gets
no connection, the run stops, since then it is the request or the address that is wrong.

Images are sent as PNG, brought to Qwen2.5-VL's grid, so that a server of that kind resizes nothing and its boxes are in
the frame they are scored in. Where the model's name tells a family that answers in thousandths, boxes are scored so.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.models.api_keys import NO_KEY, key_from, without_key
from trainer.data.boxes import Grid
from trainer.data.rows import Row, with_images
from trainer.evaluation.readout import digit_place, from_log_probabilities
from trainer.evaluation.suites import Response, wants_digits
from trainer.models import family_named
from trainer.pages import data_url

_LIKELIEST = 20
"""Tokens whose log-probabilities are asked for at each place: the most that servers give."""
_REFUSALS = (400, 413, 422)


class Server:
    """Answers with chat completions, the rows of a batch at once.

    Args:
        model: the model's name at the server.
        url: the base URL, usually ending in ``/v1``.
        max_tokens, max_pixels, timeout: as in :class:`trainer.evaluation.predictors.Asking`.
        retries: how often a failed request is tried again.
        grid: the sizes and the frame of boxes, where the model is known better than by its name.

    Raises:
        UserError: the client library is not installed.
    """

    def __init__(
        self,
        model: str,
        url: str,
        max_tokens: int,
        max_pixels: int,
        timeout: float = 120,
        *,
        retries: int = 5,
        grid: Grid | None = None,
    ) -> None:
        require("--server", "models", "openai")
        from openai import OpenAI

        family = family_named(model)
        thousandths = family is not None and family.thousandths
        self.grid = grid or Grid(step=28, min_pixels=56 * 56, max_pixels=max_pixels, thousandths=thousandths)
        self.model, self.url, self.max_tokens = model, url, max_tokens
        self._key = key_from("--server", "OPENAI_API_KEY", needed=False)
        self._client = OpenAI(base_url=url, api_key=self._key or NO_KEY, timeout=timeout, max_retries=retries)
        self._gives_probabilities = True
        self._has_answered = False
        self._trouble = ""

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """Greedy answers, then ``samples`` drawn at temperature 1; None for a row that got no answer."""
        with ThreadPoolExecutor(len(rows)) as pool:
            found = list(pool.map(lambda row: self._answers(row, samples), rows))
        errors = [answers[0].error for answers in found if answers]
        if not self._has_answered and errors and all(errors):
            raise UserError(f"{self.url}: it refuses every question", errors[0])
        if not self._has_answered and not errors and self._trouble:
            raise UserError(f"{self.url}: no answer: {self._trouble}", "Check that a server runs at this address")
        self._has_answered = self._has_answered or bool(errors)
        return found

    def _answers(self, row: Row, samples: int) -> list[Response] | None:
        found = [self._ask(row, seed=draw) for draw in range(1 + samples)]
        answered = [answer for answer in found if answer is not None]
        return answered if len(answered) == len(found) else None

    def _ask(self, row: Row, seed: int) -> Response | None:
        """One answer; ``seed`` 0 is the greedy one."""
        import openai

        wanted = wants_digits(row) and seed == 0
        try:
            reply = self._request(row, seed, probabilities=wanted and self._gives_probabilities)
        except openai.APIStatusError as error:
            if error.status_code in _REFUSALS and wanted and self._gives_probabilities:
                self._gives_probabilities = False  # some servers refuse to be asked for them
                return self._ask(row, seed)
            if error.status_code in _REFUSALS:
                return Response("", error=f"HTTP {error.status_code}: {without_key(error.message, self._key)}")
            if error.status_code in (401, 403, 404):
                hint = "Check the model's name" if error.status_code == 404 else "Set OPENAI_API_KEY to a valid key"
                raise UserError(f"{self.url}: HTTP {error.status_code}", hint) from None
            return None
        except (openai.APIError, json.JSONDecodeError) as error:
            if isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError):
                self._trouble = str(error).rstrip(".")
            return None
        return _read(reply, wanted)

    def _request(self, row: Row, seed: int, *, probabilities: bool) -> Any:
        how: dict[str, Any] = {"temperature": 1.0, "seed": seed} if seed else {"temperature": 0.0}
        if probabilities:
            how |= {"logprobs": True, "top_logprobs": _LIKELIEST}
        return self._client.chat.completions.create(
            model=self.model, messages=with_images(row, _image_part), max_tokens=self.max_tokens, **how
        )


def _image_part(image: Image.Image) -> dict[str, Any]:
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return {"type": "image_url", "image_url": {"url": data_url(stream.getvalue(), "png")}}


def _read(reply: Any, wanted: bool) -> Response | None:
    """The first choice's text, with the digit's probabilities where they came along; None if it is no completion."""
    choices = getattr(reply, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        return None
    text = choices[0].message.content
    if not isinstance(text, str):
        return Response("", error=f"no text in the reply (finish reason: {choices[0].finish_reason})")
    tokens = getattr(choices[0].logprobs, "content", None) if wanted else None
    place = digit_place(text)
    if not tokens or place is None:
        return Response(text)
    end = 0
    for token in tokens:
        start, end = end, end + len(token.token)
        if start <= place < end:
            likeliest = {other.token: other.logprob for other in token.top_logprobs}
            return Response(text, from_log_probabilities(likeliest) if token.token.strip() == text[place] else None)
    return Response(text)
