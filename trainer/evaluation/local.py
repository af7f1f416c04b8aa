"""A vision-language model from disk or the hub, on this process's device: full weights or a LoRA adapter.

Generation is greedy, batched and plain: no repetition penalty or temperature from the checkpoint's own settings. By
rounding, an answer depends on the batch it is generated in, so batches are the same in every run
(:mod:`trainer.evaluation.predict`). The probability readout depends on the answer alone: its forward pass takes one
question at a time, unpadded. Sampled answers are drawn question by question, from a seed of the question's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from perception20k.core.errors import UserError
from perception20k.core.seeding import key_int
from trainer.data.rows import Row, with_images
from trainer.evaluation.readout import DIGITS, digit_place
from trainer.evaluation.suites import Response, wants_digits
from trainer.models import grid_of, load_model, load_processor, text_of_tokens, token_before_end


class LocalModel:
    """Answers with ``model.generate`` on one device."""

    def __init__(self, model: str, device: torch.device, max_tokens: int, max_pixels: int) -> None:
        self.processor = load_processor(model, max_pixels)
        self.grid = grid_of(self.processor)
        self.device, self.max_tokens = device, max_tokens
        # On a CPU half precision is slow and rounds more; elsewhere the checkpoint's own precision counts.
        loaded = load_model(model, torch.float32 if device.type == "cpu" else None)
        self.model = loaded.to(device).eval()
        self.digit_ids = _digit_ids(self.processor.tokenizer)

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """Greedy answers of the whole batch at once, then ``samples`` drawn ones for each row."""
        greedy = [self._greedy_answer(row, ids) for row, ids in zip(rows, self._generate(rows), strict=True)]
        return [[first, *self._sampled(row, samples)] for row, first in zip(rows, greedy, strict=True)]

    @torch.inference_mode()
    def digit_probabilities(self, row: Row, ids: Sequence[int], place: int) -> tuple[float, ...]:
        """Softmax over the logits of 0..4 where token ``place`` of the answer ``ids`` was predicted (Eq. 8).

        One unpadded forward pass; the softmax is taken in float64.
        """
        inputs = dict(self._encode([row]))
        before = torch.tensor([list(ids[:place])], dtype=torch.long, device=self.device)
        for name, filler in (("input_ids", before), ("attention_mask", torch.ones_like(before))):
            inputs[name] = torch.cat([inputs[name], filler], dim=1)
        if "mm_token_type_ids" in inputs:
            kinds = inputs["mm_token_type_ids"]
            inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(before).to(kinds)], dim=1)
        logits = self.model(**inputs, logits_to_keep=1, use_cache=False).logits[0, -1]
        chances: list[float] = logits[self.digit_ids].double().softmax(-1).tolist()
        return tuple(chances)

    def _greedy_answer(self, row: Row, ids: list[int]) -> Response:
        text = self._decode(ids)
        place = digit_place(text) if wants_digits(row) else None
        if place is None:
            return Response(text)
        return Response(text, self.digit_probabilities(row, ids, self._token_at(ids, text, place)))

    def _sampled(self, row: Row, samples: int) -> list[Response]:
        if not samples:
            return []
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(key_int("sampled answers", row["task"], row["mode"], row["row_id"]))
            drawn = self._generate([row], do_sample=True, num_return_sequences=samples)
        return [Response(self._decode(ids)) for ids in drawn]

    @torch.inference_mode()
    def _generate(self, rows: Sequence[Row], **how: Any) -> list[list[int]]:
        """The tokens of each answer, without padding and end."""
        from transformers import GenerationConfig

        own = self.model.generation_config
        ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
        pad = self.processor.tokenizer.pad_token_id
        settings = {"do_sample": False, **({"temperature": 1.0, "top_k": 0} if how else {}), **how}
        plain = GenerationConfig(max_new_tokens=self.max_tokens, eos_token_id=ends, pad_token_id=pad, **settings)
        inputs = self._encode(rows)
        # The checkpoint's own settings would fill the gaps of these, such as a repetition penalty.
        self.model.generation_config = plain
        try:
            output = self.model.generate(**inputs, generation_config=plain)
        finally:
            self.model.generation_config = own
        answered = output[:, inputs["input_ids"].shape[1] :].tolist()
        return [_until(ids, {*ends, pad}) for ids in answered]

    def _encode(self, rows: Sequence[Row]) -> Any:
        encoded = self.processor.apply_chat_template(
            [with_images(row, lambda image: {"type": "image", "image": image}) for row in rows],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        return encoded.to(self.device)

    def _decode(self, ids: Sequence[int]) -> str:
        return text_of_tokens(self.processor.tokenizer, ids)

    def _token_at(self, ids: Sequence[int], text: str, place: int) -> int:
        """Which token of ``ids`` is the digit at character ``place`` of their text."""
        token, _ = token_before_end(self.processor.tokenizer, ids, len(text) - place)
        if self._decode([ids[token]]) != text[place]:
            raise UserError("the tokenizer joins digits", "The probability readout needs single-digit tokens")
        return token


def _digit_ids(tokenizer: Any) -> list[int]:
    encoded = [tokenizer(digit, add_special_tokens=False)["input_ids"] for digit in DIGITS]
    if any(len(ids) != 1 for ids in encoded):
        raise UserError("the tokenizer splits digits", "The probability readout needs single-digit tokens")
    return [ids[0] for ids in encoded]


def _until(ids: list[int], ends: set[int]) -> list[int]:
    return next((ids[:i] for i, token in enumerate(ids) if token in ends), ids)
