"""Any endpoint that speaks the OpenAI protocol, through its client. The key comes from OPENAI_API_KEY.

A server of one's own, such as vLLM behind ``base_url``, needs no key.
"""

from __future__ import annotations

import base64
import contextlib
from typing import Any

from perception20k.config import Describe
from perception20k.describers.base import Answer, Busy, jpeg, key_from, without_key
from perception20k.errors import ItemError, UserError
from perception20k.extras import require
from perception20k.images import Array

_NO_KEY = "no-key-needed"


class OpenAI:
    """See :class:`perception20k.describers.base.Describer`."""

    def __init__(self, config: Describe) -> None:
        require("describe: openai", "models", "openai")
        import openai

        try:
            self._key = key_from("OPENAI_API_KEY")
        except UserError:
            if config.base_url is None:
                raise
            self._key = _NO_KEY
        self._model = config.model
        self._client = openai.OpenAI(
            api_key=self._key,
            base_url=config.base_url,
            timeout=config.calls.timeout,
            max_retries=0,  # the waits are ours
        )

    def ask(self, prompt: str, image: Array) -> Answer:
        """See :class:`perception20k.describers.base.Describer`."""
        import openai

        picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg(image)).decode()}"
        parts: Any = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": prompt}]
        try:
            response = self._client.chat.completions.create(
                model=self._model, messages=[{"role": "user", "content": parts}], temperature=0.0
            )
        except openai.APIStatusError as error:
            raise self._refusal(error) from None
        except Exception as error:  # timeouts, broken connections, answers not in JSON
            raise Busy(f"{type(error).__name__}: {without_key(str(error), self._key)}") from None
        return self._answer(response)

    def _refusal(self, error: Any) -> Exception:
        """What an HTTP error means: ask later, or stop."""
        text = without_key(f"{error.status_code}: {error.message}", self._key)
        if error.status_code in (401, 403) or error.code == "insufficient_quota":
            return UserError(f"describe: the endpoint refuses the key: {text}", "Check OPENAI_API_KEY")
        if error.status_code == 404:
            return UserError(f"describe: the endpoint does not know the model '{self._model}': {text}")
        wait = None
        with contextlib.suppress(KeyError, ValueError):
            wait = float(error.response.headers["retry-after"])
        return Busy(text, wait)

    def _answer(self, response: Any) -> Answer:
        choice = response.choices[0] if getattr(response, "choices", None) else None
        if choice is None:
            raise ItemError("no whole answer: no choice")
        text = (choice.message.content or "").strip()
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise ItemError(f"blocked by the endpoint: {choice.message.refusal or choice.finish_reason}"[:200])
        if choice.finish_reason not in ("stop", None) or not text:
            raise ItemError(f"no whole answer: {choice.finish_reason if text else 'empty'}")
        return Answer(text, response.usage.total_tokens if response.usage else 0, response.model or self._model)
