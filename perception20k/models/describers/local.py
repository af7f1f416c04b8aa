"""A local vision-language model through transformers; greedy, so that its answers repeat."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.describers.base import Reply

MAX_TOKENS = 64
"""Longest answer: three phrases need a dozen."""


class Local:
    """See :class:`perception20k.models.describers.base.Describer`."""

    def __init__(self, model: str, revision: str) -> None:
        require("describe: local", "models", "torch", "transformers")
        from perception20k.models.weights import first_line, torch_device

        commit = {} if Path(model).is_dir() else {"revision": revision}
        try:
            from transformers import AutoModelForImageTextToText, AutoProcessor

            self._processor: Any = AutoProcessor.from_pretrained(model, **commit)
            loaded = AutoModelForImageTextToText.from_pretrained(model, dtype="auto", **commit)
        except Exception as error:  # transformers and the hub raise many kinds
            raise UserError(f"describe: {model} cannot be loaded: {first_line(error)}") from None
        self._model: Any = loaded.to(torch_device()).eval()
        self._name = Path(model).name if Path(model).is_dir() else f"{model}@{revision}"

    def ask(self, prompt: str, image: Array) -> Reply:
        """See :class:`perception20k.models.describers.base.Describer`."""
        import torch
        from PIL import Image

        message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}
        text = self._processor.apply_chat_template([message], add_generation_prompt=True, tokenize=False)
        inputs = self._processor(text=[text], images=[Image.fromarray(image)], return_tensors="pt")
        inputs = inputs.to(self._model.device)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a checkpoint's sampling settings, unused by greedy search
            made = self._model.generate(**inputs, do_sample=False, max_new_tokens=MAX_TOKENS)
        new = made[:, inputs["input_ids"].shape[1] :]
        return Reply(self._processor.batch_decode(new, skip_special_tokens=True)[0].strip(), 0, self._name)
