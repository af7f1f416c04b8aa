"""Questions as the model reads them in supervised learning: one batch, every image looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch

from examples.learn_to_see import look, world
from examples.learn_to_see.unseen import filled


class Turn(NamedTuple):
    """A question with its images and its answer, and the sample that it is about, if its answer is right."""

    content: list[dict[str, Any]]
    images: list[world.Array]
    answer: str
    sample: world.Sample | None = None


class Read(NamedTuple):
    """What the language model makes of a batch."""

    halfway: torch.Tensor
    """States after half of the layers, of shape (questions, tokens, width)."""
    last: torch.Tensor
    """States after all of them, of the same shape."""
    inputs: dict[str, torch.Tensor]


class Learner(torch.nn.Module):
    """The model with a head, thrown away afterwards, that reads what lies where from its last image's tokens.

    The head reads them halfway up: an answer can attend only to what the layers below its own have found.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        width = network.config.text_config.hidden_size
        self.pointer = torch.nn.Sequential(torch.nn.LayerNorm(width), torch.nn.Linear(width, len(look.CLASSES) + 5))

    def point(self, hidden: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Logits of classes and severities at the last image's tokens, of shape (questions, tokens, 13 + 5)."""
        image = ids == self.network.config.image_token_id
        last = torch.stack([row.nonzero()[-look.TOKENS :, 0] for row in image])
        return self.pointer(hidden[torch.arange(len(hidden)).unsqueeze(1), last])


def read(network: Any, processor: Any, asked: Sequence[Turn]) -> Read:
    """The states of questions and answers; the tower sees an image once, whoever asks about it."""
    inputs = encode(processor, asked)
    images = [image for turn in asked for image in turn.images]
    distinct = {id(image): place for place, image in reversed(list(enumerate(images)))}
    kept = sorted(distinct.values())
    pixels = inputs["pixel_values"].view(len(images), -1, inputs["pixel_values"].shape[1])[kept].flatten(0, 1)
    seen = network.model.get_image_features(pixels, inputs["image_grid_thw"][kept], return_dict=True).pooler_output
    shared = SimpleNamespace(pooler_output=[seen[kept.index(distinct[id(image)])] for image in images])
    given = {key: value for key, value in inputs.items() if key not in ("pixel_values", "labels")}
    found = network.model(**given, mm_encoder_outputs={"image": shared}, output_hidden_states=True)
    return Read(found.hidden_states[len(network.model.language_model.layers) // 2], found.last_hidden_state, inputs)


def encode(processor: Any, asked: Sequence[Turn]) -> dict[str, torch.Tensor]:
    """A batch padded on the right; only the answers' tokens, the end included, have labels."""
    conversations = [
        [
            {"role": "user", "content": filled(turn.content, turn.images)},
            {"role": "assistant", "content": turn.answer},
        ]
        for turn in asked
    ]
    padded = {"padding": True, "padding_side": "right", "return_tensors": "pt"}
    whole = processor.apply_chat_template(conversations, tokenize=True, return_dict=True, processor_kwargs=padded)
    labels = torch.full_like(whole["input_ids"], -100)
    ends = whole["attention_mask"].sum(1).tolist()
    for row, (end, turn) in enumerate(zip(ends, asked, strict=True)):
        answered = len(processor.tokenizer(turn.answer + "<|im_end|>\n")["input_ids"])
        labels[row, end - answered : end - 1] = whole["input_ids"][row, end - answered : end - 1]
    return {**whole, "labels": labels}
