"""Any endpoint that speaks the OpenAI protocol, through OpenAI's client. The key comes from OPENAI_API_KEY.

Your own server, such as vLLM behind ``base_url``, needs no key.
"""

from __future__ import annotations

import base64
from typing import Any

from perception20k.config import Describe
from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.api_keys import NO_KEY, key_from, without_key
from perception20k.models.describers.base import TRANSIENT_STATUS, Busy, NoReply, Reply, as_busy, jpeg, retry_after


class OpenAI:
    """See :class:`perception20k.models.describers.base.Describer`."""

    def __init__(self, config: Describe) -> None:
        require("describe: openai", "models", "openai")
        import openai

        self._key = key_from("describe", "OPENAI_API_KEY", needed=config.base_url is None)
        self._model = config.model
        self._settings: dict[str, Any] = {} if config.temperature is None else {"temperature": config.temperature}
        self._client = openai.OpenAI(
            api_key=self._key or NO_KEY,
            base_url=config.base_url,
            timeout=config.calls.timeout,
            max_retries=0,  # ThrottledDescriber retries
        )

    def ask(self, prompt: str, image: Array) -> Reply:
        """See :class:`perception20k.models.describers.base.Describer`."""
        import openai

        picture = f"data:image/jpeg;base64,{base64.b64encode(jpeg(image)).decode()}"
        parts: Any = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": prompt}]
        try:
            response = self._client.chat.completions.create(
                model=self._model, messages=[{"role": "user", "content": parts}], **self._settings
            )
        except openai.APIStatusError as error:
            raise self._refusal(error) from None
        except openai.APIConnectionError as error:  # timeouts included; what it wraps says more
            cause = error.__cause__
            raise as_busy(cause if isinstance(cause, Exception) else error, self._key) from None
        except Exception as error:  # answers that are not JSON
            raise as_busy(error, self._key) from None
        return self._answer(response)

    def _refusal(self, error: Any) -> Exception:
        """What an HTTP error means: retry later, skip this image, or stop."""
        text = without_key(f"{error.status_code}: {error.message}", self._key)
        bad_key = error.status_code == 400 and "api key" in text.lower()
        if error.status_code in (401, 402, 403) or error.code == "insufficient_quota" or bad_key:
            return UserError(f"describe: the endpoint refuses the key: {text}", "Check OPENAI_API_KEY")
        if error.status_code == 404:
            return UserError(f"describe: the endpoint does not know the model '{self._model}': {text}")
        if 400 <= error.status_code < 500 and error.status_code not in TRANSIENT_STATUS:
            return NoReply(f"refused by the endpoint: {text}")
        return Busy(text, retry_after(error.response.headers))

    def _answer(self, response: Any) -> Reply:
        if isinstance(response, str):  # a proxy's error page
            raise Busy("no answer in JSON")
        tokens = (response.usage.total_tokens or 0) if response.usage else 0
        choice = response.choices[0] if response.choices else None
        if choice is None or choice.message is None:
            raise Busy("an answer without text", tokens=tokens)
        text = (choice.message.content or "").strip()
        if choice.message.refusal or choice.finish_reason == "content_filter":
            reason = without_key(choice.message.refusal or choice.finish_reason, self._key)
            raise NoReply(f"blocked by the endpoint: {reason[:200]}", tokens)
        if choice.finish_reason not in ("stop", None):
            raise NoReply(f"no complete answer: {choice.finish_reason}", tokens)
        if not text:
            raise Busy("an empty answer", tokens=tokens)
        return Reply(text, tokens, response.model or self._model)
