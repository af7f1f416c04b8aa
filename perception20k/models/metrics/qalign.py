"""Q-Align (one-align) with pyiqa's architecture, loaded at one commit and scored in batches.

pyiqa's own wrapper takes one image at a time, loads whatever commit is newest with ``trust_remote_code``, and under
transformers 5 fails on every image; its architecture is used here without the wrapper.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array

MODEL = "q-future/one-align"
LEVELS = {"excellent": 5.0, "good": 4.0, "fair": 3.0, "poor": 2.0, "bad": 1.0}
"""The words whose probabilities make the score, and their weights (Q-Align, arXiv 2312.17090, section 3)."""

BATCH = 8
"""Images in one forward pass: all become squares of 448 px."""

_BEFORE_IMAGE = "USER: How would you rate the quality of this image?\n"
_AFTER_IMAGE = "\nASSISTANT: The quality of the image is"


def load(name: str, commit: str = "") -> Callable[[Sequence[Array]], list[float]]:
    """The scorer: 1 (bad) to 5 (excellent).

    Args:
        name: of the metric, for errors.
        commit: of the model on the hub.

    Raises:
        UserError: a package is missing, or the model could not be loaded.
    """
    require(f"score: {name}", "models", "torch", "torchvision", "pyiqa", "icecream")  # pyiqa does not declare icecream
    from perception20k.models.weights import first_line, torch_device

    device = torch_device()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyiqa calls transformers by names it is about to drop
            model, tokenizer, processor = _load(commit)
        model = model.to(device).eval()
    except Exception as error:  # no network, a damaged file, no memory: transformers lets all kinds through
        raise UserError(f"score: {name} cannot be loaded: {first_line(error)}") from None
    words = [tokenizer(word, add_special_tokens=False)["input_ids"][-1] for word in LEVELS]
    prompt = _prompt_ids(tokenizer)

    def score(images: Sequence[Array]) -> list[float]:
        import torch

        weights = torch.tensor(list(LEVELS.values()), device=device)
        values: list[float] = []
        for start in range(0, len(images), BATCH):
            squares = [_squared(image, processor.image_mean) for image in images[start : start + BATCH]]
            pixels = processor(squares, return_tensors="pt")["pixel_values"].to(device, model.dtype)
            ids = torch.tensor([prompt] * len(squares), device=device)
            with torch.inference_mode():
                logits = model(input_ids=ids, images=pixels, use_cache=False, return_dict=True)["logits"]
            chances = logits[:, -1, words].float().softmax(-1)
            values += (chances @ weights).tolist()
        return values

    return score


def _load(commit: str) -> tuple[Any, Any, Any]:
    """Model, tokenizer and image processor, all of one commit and without code from the hub."""
    import torch
    from transformers import CLIPImageProcessor, LlamaTokenizer

    revision = {"revision": commit} if commit else {}
    model = architecture().from_pretrained(MODEL, dtype=torch.float16, attn_implementation="eager", **revision)
    tokenizer = LlamaTokenizer.from_pretrained(MODEL, **revision)
    return model, tokenizer, CLIPImageProcessor.from_pretrained(MODEL, **revision)


def architecture() -> Any:
    """The class of the model: pyiqa's, without the tokenizer and processor that its constructor takes from the hub."""
    import torch
    from pyiqa.archs.q_align import modeling_mplug_owl2 as mplug
    from pyiqa.archs.q_align.visual_encoder import MplugOwlVisualAbstractorModel
    from transformers import LlamaForCausalLM

    class OneAlign(mplug.MPLUGOwl2LlamaForCausalLM):  # type: ignore[misc]  # pyiqa has no types
        def __init__(self, config: Any) -> None:
            super(LlamaForCausalLM, self).__init__(config)
            self.model = mplug.MPLUGOwl2LlamaModel(config)
            self.lm_head = torch.nn.Linear(config.hidden_size, config.vocab_size, bias=False)
            self.post_init()

    if not hasattr(MplugOwlVisualAbstractorModel, "invert_attention_mask"):  # gone from transformers 5
        MplugOwlVisualAbstractorModel.invert_attention_mask = _inverted
    return OneAlign


def _inverted(model: Any, mask: Any) -> Any:
    """An attention mask of ones and zeros as what is added to attention scores: 0 or the lowest number."""
    import torch

    wide = mask[:, None, None, :] if mask.dim() == 2 else mask[:, None, :, :]
    return (1 - wide.to(model.dtype)) * torch.finfo(model.dtype).min


def _prompt_ids(tokenizer: Any) -> list[int]:
    """The prompt as tokens, begun as in training, with the architecture's mark where the image goes."""
    from pyiqa.archs.q_align.modeling_mplug_owl2 import IMAGE_TOKEN_INDEX

    before, after = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (_BEFORE_IMAGE, _AFTER_IMAGE))
    return [tokenizer.bos_token_id, *before, IMAGE_TOKEN_INDEX, *after]


def _squared(image: Array, mean: Sequence[float]) -> Array:
    """The image in the middle of a square of the processor's mean colour."""
    height, width = image.shape[:2]
    side = max(height, width)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = [int(255 * value) for value in mean]
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = image
    return square
