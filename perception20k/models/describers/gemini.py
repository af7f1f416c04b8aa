"""Gemini, the paper's model, through google-genai. The key comes from GEMINI_API_KEY or GOOGLE_API_KEY."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from perception20k.config import Describe
from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.api_keys import key_from, without_key
from perception20k.models.describers.base import TRANSIENT_STATUS, Busy, NoReply, Reply, as_busy, jpeg, retry_after


class Gemini:
    """See :class:`perception20k.models.describers.base.Describer`.

    Attributes:
        client: google-genai's; call it through :meth:`call`.
        model: the API's name of the model.
        settings: how answers are made, a ``GenerateContentConfig``.
    """

    def __init__(self, config: Describe) -> None:
        require("describe: gemini", "models", "google.genai")
        from google import genai
        from google.genai import types

        self._key = key_from("describe", "GEMINI_API_KEY", "GOOGLE_API_KEY")
        self.model = config.model
        options = types.HttpOptions(
            base_url=config.base_url,
            timeout=int(1000 * config.calls.timeout),
            retry_options=types.HttpRetryOptions(attempts=1),  # ThrottledDescriber retries
        )
        self.client = genai.Client(api_key=self._key, vertexai=False, http_options=options)
        budget = config.thinking_budget
        thinking = None if budget is None else types.ThinkingConfig(thinking_budget=budget)
        self.settings = types.GenerateContentConfig(temperature=config.temperature, seed=0, thinking_config=thinking)

    def ask(self, prompt: str, image: Array) -> Reply:
        """See :class:`perception20k.models.describers.base.Describer`."""
        from google.genai import types

        contents = [
            types.Part.from_bytes(data=jpeg(image), mime_type="image/jpeg"),
            types.Part.from_text(text=prompt),
        ]
        ask = self.client.models.generate_content
        return self.answer(self.call(lambda: ask(model=self.model, contents=contents, config=self.settings)))

    def call(self, request: Callable[[], Any]) -> Any:
        """What a request to the client returns.

        Raises:
            Busy, NoReply, UserError: see :class:`perception20k.models.describers.base.Describer`.
        """
        from google.genai import errors

        try:
            return request()
        except errors.APIError as error:
            raise self._refusal(error) from None
        except Exception as error:  # timeouts and broken connections, of several libraries; answers that are not JSON
            raise as_busy(error, self._key) from None

    def _refusal(self, error: Any) -> Exception:
        """What an HTTP error means: retry later, skip this image, or stop."""
        text = without_key(f"{error.code} {error.status or ''}: {error.message or ''}", self._key)
        if error.code in (401, 402, 403) or (error.code == 400 and "API key" in text):
            return UserError(f"describe: Gemini refuses the key: {text}", "Check GEMINI_API_KEY")
        if error.status == "FAILED_PRECONDITION":  # the account's country or billing
            return UserError(f"describe: Gemini refuses the account: {text}")
        if error.code == 404:
            return UserError(f"describe: Gemini does not know the model '{self.model}': {text}")
        if 400 <= error.code < 500 and error.code not in TRANSIENT_STATUS:
            return NoReply(f"refused by Gemini: {text}")
        delay = re.search(r"'retryDelay': '([\d.]+)s'", str(error.details))
        asked = retry_after(getattr(error.response, "headers", None) or {})
        return Busy(text, max(float(delay.group(1)) if delay else 0.0, asked or 0.0) or None)

    def answer(self, response: Any) -> Reply:
        """What a ``GenerateContentResponse`` says.

        Raises:
            NoReply: a block, or an answer that was cut.
            Busy: an answer without text.
        """
        usage, feedback = response.usage_metadata, response.prompt_feedback
        tokens = (usage.total_token_count or 0) if usage else 0
        if feedback is not None and feedback.block_reason is not None:
            raise NoReply(f"blocked by Gemini: {_word(feedback.block_reason)}", tokens)
        candidate = response.candidates[0] if response.candidates else None
        parts = (candidate.content.parts or []) if candidate is not None and candidate.content is not None else []
        text = "".join(part.text or "" for part in parts if not part.thought).strip()
        reason = _word(candidate.finish_reason) if candidate is not None else ""
        if reason not in ("STOP", ""):
            raise NoReply(f"no complete answer from Gemini: {reason}", tokens)
        if not text:
            raise Busy("an empty answer", tokens=tokens)
        return Reply(text, tokens, response.model_version or self.model)


def _word(value: Any) -> str:
    return str(getattr(value, "value", value) or "")
