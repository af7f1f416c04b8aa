"""Models and processors from disk or the hub, checked before any weight is read.

An adapter (LoRA) is merged into its base model when it is loaded, so that callers always get a whole model: a second
training stage starts from it, and evaluation reads it, whatever the first stage trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid

if TYPE_CHECKING:
    import torch


def load_processor(model: str, max_pixels: int | None = None) -> Any:
    """The processor of a vision-language model, padding left, its pixel budget capped at ``max_pixels``.

    Raises:
        UserError: there is no processor, its family is unknown, or it lacks an image or video processor. A checkpoint
            saved without a video processor would otherwise come back as a bare tokenizer and train without seeing.
    """
    from transformers import AutoProcessor, ProcessorMixin

    try:
        processor = AutoProcessor.from_pretrained(model, padding_side="left")
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise UserError(f"{model}: no usable processor: {_first_line(error)}") from None
    if isinstance(processor, ProcessorMixin):  # and not a bare tokenizer
        family_of(processor)
    for part in ("image_processor", "video_processor", "tokenizer"):
        if getattr(processor, part, None) is None:
            hint = "Save the base model's whole processor with the weights"
            raise UserError(f"{model}: its processor has no {part.replace('_', ' ')}", hint)
    if max_pixels is not None:
        _cap(processor.image_processor, max_pixels)
    return processor


def _cap(images: Any, max_pixels: int) -> None:
    """Let no image be larger, if the image processor does not cap it already."""
    size = dict(images.size)
    if "longest_edge" in size:
        longest = min(size["longest_edge"], max_pixels)
        images.size = {"shortest_edge": size["shortest_edge"], "longest_edge": longest}
    elif hasattr(images, "max_patches"):
        images.max_patches = max(1, min(images.max_patches, max_pixels // (size["height"] * size["width"])))


START = "start"
"""Next to an adapter, the directory of the merged model that it was trained on."""


class Family(NamedTuple):
    """What has to be known of a family of models."""

    name: str
    thousandths: bool
    """Whether boxes are answered in thousandths of each side (0..1000) or in pixels of the image that is shown."""
    image_token: str
    """Stands for an image in a prompt; a rollout must not hold it."""
    tiles: bool
    """Whether an image is cut into square tiles, or resized as a whole to multiples of patch times merge."""


FAMILIES = {
    "Qwen2_5_VLProcessor": Family("Qwen2.5-VL", False, "<|image_pad|>", False),
    "Qwen2VLProcessor": Family("Qwen2-VL", True, "<|image_pad|>", False),
    "Qwen3VLProcessor": Family("Qwen3-VL", True, "<|image_pad|>", False),
    "InternVLProcessor": Family("InternVL", True, "<IMG_CONTEXT>", True),
}
"""The families that are known, by the class of their processor. In the wrong frame a perfect answer earns next to
nothing, so another family is refused."""


def family_of(processor: Any) -> Family:
    """The family of a processor's model.

    Raises:
        UserError: one that is not in :data:`FAMILIES`.
    """
    kind = type(processor).__name__
    if kind not in FAMILIES:
        known = ", ".join(f"{family.name} ({name})" for name, family in FAMILIES.items())
        raise UserError(f"{kind}: not a supported model family", f"Known: {known}")
    return FAMILIES[kind]


def family_named(model: str) -> Family | None:
    """The family that a model's name tells; None where it tells none.

    >>> family_named("Qwen/Qwen3-VL-8B-Instruct").name
    'Qwen3-VL'
    """
    return next((family for family in FAMILIES.values() if family.name.lower() in model.lower()), None)


def grid_of(processor: Any) -> Grid:
    """The sizes that the processor leaves as they are, and the frame in which its model answers boxes.

    Tiles leave none as it is: there the grid only caps the area, and boxes are in thousandths.

    Raises:
        UserError: an unknown family.
    """
    family, images = family_of(processor), processor.image_processor
    size = dict(images.size)
    if family.tiles:
        return Grid(1, 1, images.max_patches * size["height"] * size["width"], family.thousandths)
    step = images.patch_size * images.merge_size
    return Grid(step, size["shortest_edge"], size["longest_edge"], family.thousandths)


def visual_tokens(processor: Any) -> int:
    """Most tokens of one image; of tiles, with the small picture of the whole beside them."""
    if family_of(processor).tiles:
        return (int(processor.image_processor.max_patches) + 1) * int(processor.image_seq_length)
    grid = grid_of(processor)
    return grid.max_pixels // grid.step**2


def text_of_tokens(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of an answer's tokens, special ones left out."""
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


def token_before_end(tokenizer: Any, ids: Sequence[int], characters: int) -> tuple[int, str]:
    """The last token from which on there are at least so many ``characters``, and the text from it on."""
    token, tail = len(ids), ""
    while len(tail) < characters:
        token -= 1
        tail = text_of_tokens(tokenizer, ids[token:])
    return token, tail


def load_model(model: str, dtype: torch.dtype | None = None) -> Any:
    """The vision-language model, an adapter merged into its base, in its own precision or ``dtype``.

    Raises:
        UserError: there is no such model, or it takes no images.
    """
    from transformers import AutoModelForImageTextToText

    adapted = is_adapter(model)
    base = base_of(Path(model)) if adapted else model
    try:
        loaded = AutoModelForImageTextToText.from_pretrained(base, dtype="auto" if dtype is None else dtype)
    except (OSError, ValueError) as error:
        raise UserError(f"{base}: no usable vision-language model: {_first_line(error)}") from None
    if adapted:
        from peft import PeftModel

        loaded = PeftModel.from_pretrained(loaded, model).merge_and_unload()
    return loaded


def is_adapter(model: str | Path) -> bool:
    """Whether ``model`` is the directory of an adapter."""
    return (Path(model) / "adapter_config.json").is_file()


def base_of(adapter: Path) -> str:
    """The directory or hub name of the model that an adapter was trained on.

    An adapter trained on a merged one has its base in its own run (:data:`START`), whatever the run is called by now.
    """
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    recorded = str(config["base_model_name_or_path"])
    beside = adapter.resolve().parent / START
    return str(beside) if Path(recorded).name == START and beside.is_dir() else recorded


def require_weights(model: str) -> None:
    """Refuse a directory that holds no weights; what the hub has, loading finds out.

    Raises:
        UserError: names the directory.
    """
    if Path(model).is_dir() and not has_weights(Path(model)):
        raise UserError(f"{model}: no weights in it", "Give the directory of a whole model or adapter")


def has_weights(folder: Path) -> bool:
    """Whether a model's or adapter's weights are in ``folder``, and every part of them if they are in parts."""
    kinds = ("model.safetensors", "pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin")
    for name in kinds:
        index = folder / f"{name}.index.json"
        if index.is_file():
            try:
                parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            except (ValueError, KeyError):
                return False
            return all((folder / part).is_file() for part in parts)
    return any((folder / name).is_file() for name in kinds)


def plain_model(model: str, folder: Path, processor: Any) -> str:
    """``model`` if it is a whole model; for an adapter, ``folder`` with the adapter merged into its base.

    TRL loads the policy and its reference from one place, and under ZeRO-3 loads them in pieces, so it needs a
    place and not a model in memory.
    """
    if not is_adapter(model):
        return model
    if not (folder / "config.json").is_file():
        aside = folder.with_name(f".{folder.name}.tmp")
        load_model(model).save_pretrained(aside)
        processor.save_pretrained(aside)
        aside.rename(folder)
    return str(folder)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
