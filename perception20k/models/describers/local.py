"""A local vision-language model through transformers; greedy, so that its answers repeat."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.describers.base import Reply

MAX_TOKENS = 64
"""Longest answer: three phrases need a dozen."""


class Local:
    """Loads the model once; asks it about several images together."""

    def __init__(self, model: str, revision: str) -> None:
        require("describe: local", "models", "torch", "transformers")
        from perception20k.models.weights import load_pretrained

        self._processor, self._model = load_pretrained(
            "describe", model, revision, "AutoProcessor", "AutoModelForImageTextToText", dtype="auto"
        )
        self._name = Path(model).name if Path(model).is_dir() else f"{model}@{revision}"

    def ask_together(self, prompt: str, images: Sequence[Array]) -> list[Reply]:
        """The answer about each RGB image; padded on the left, so that each goes on from its own last token."""
        import torch
        from PIL import Image

        message = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}
        text = self._processor.apply_chat_template([message], add_generation_prompt=True, tokenize=False)
        pictures = [[Image.fromarray(image)] for image in images]
        inputs = self._processor(
            text=[text] * len(images), images=pictures, padding=True, padding_side="left", return_tensors="pt"
        ).to(self._model.device)
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a checkpoint's sampling settings, unused by greedy search
            made = self._model.generate(**inputs, do_sample=False, max_new_tokens=MAX_TOKENS)
        said = self._processor.batch_decode(made[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return [Reply(text.strip(), 0, self._name) for text in said]
