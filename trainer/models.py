"""Models and processors from disk or the hub, checked before any weight is read.

An adapter directory (LoRA) is merged into its base model, so that whoever loads a model gets one plain model:
a second training stage starts from it, and evaluation reads it, whatever the first stage trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid

if TYPE_CHECKING:
    import torch


def require_train_extra(job: str = "training") -> None:
    """Refuse early, in one line, where the libraries that ``job`` needs are not installed.

    Raises:
        UserError: names the first missing package and the extra that brings it.
    """
    from importlib.util import find_spec

    for name in ("torch", "torchvision", "transformers", "accelerate", "datasets", "peft", "trl"):
        if find_spec(name) is None:
            raise UserError(f"{job} needs {name}, which is not installed", "Install perception20k[train]")


def load_processor(model: str, max_pixels: int | None = None) -> Any:
    """The processor of a vision-language model, padding left, its pixel budget capped at ``max_pixels``.

    Raises:
        UserError: there is no processor, or it lacks an image or video processor. A checkpoint saved without
            a video processor would otherwise come back as a bare tokenizer and train without seeing.
    """
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(model, padding_side="left")
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise UserError(f"{model}: no usable processor: {_first_line(error)}") from None
    for part in ("image_processor", "video_processor", "tokenizer"):
        if getattr(processor, part, None) is None:
            hint = "Save the base model's whole processor beside the weights"
            raise UserError(f"{model}: its processor has no {part.replace('_', ' ')}", hint)
    if max_pixels is not None:
        size = dict(processor.image_processor.size)
        budget = min(size["longest_edge"], max_pixels)
        processor.image_processor.size = {"shortest_edge": size["shortest_edge"], "longest_edge": budget}
    return processor


THOUSANDTHS = {
    "Qwen2_5_VLProcessor": False,
    "Qwen2VLProcessor": True,
    "Qwen3VLProcessor": True,
}
"""The families of models that are known, by their processors: whether they answer boxes in thousandths of each side
(0..1000) or in pixels of the image they are shown. In the wrong frame a perfect answer earns next to nothing."""


def grid_of(processor: Any) -> Grid:
    """The sizes that the processor leaves as they are, and the frame in which its model answers boxes.

    Raises:
        UserError: a family that is not in :data:`THOUSANDTHS`.
    """
    family, images = type(processor).__name__, processor.image_processor
    if family not in THOUSANDTHS:
        raise UserError(f"{family}: no family of models that is known here", f"Known: {', '.join(THOUSANDTHS)}")
    size = dict(images.size)
    step = images.patch_size * images.merge_size
    return Grid(step, size["shortest_edge"], size["longest_edge"], THOUSANDTHS[family])


def load_model(model: str, dtype: torch.dtype | None = None) -> Any:
    """The vision-language model, an adapter merged into its base, in its own precision or ``dtype``.

    Raises:
        UserError: there is no such model, or it takes no images.
    """
    from transformers import AutoModelForImageTextToText

    adapter = Path(model) / "adapter_config.json"
    base = json.loads(adapter.read_text())["base_model_name_or_path"] if adapter.is_file() else model
    try:
        loaded = AutoModelForImageTextToText.from_pretrained(base, dtype="auto" if dtype is None else dtype)
    except (OSError, ValueError) as error:
        raise UserError(f"{base}: no usable vision-language model: {_first_line(error)}") from None
    if adapter.is_file():
        from peft import PeftModel

        loaded = PeftModel.from_pretrained(loaded, model).merge_and_unload()
    return loaded


def require_weights(model: str) -> None:
    """Refuse a directory that holds no weights; what the hub has, loading finds out.

    Raises:
        UserError: names the directory.
    """
    if Path(model).is_dir() and not has_weights(Path(model)):
        raise UserError(f"{model}: no weights in it", "Give the directory of a whole model or adapter")


def has_weights(folder: Path) -> bool:
    """Whether a model's or adapter's weights are in ``folder``, and every part of them if they are in parts."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        index = folder / f"{name}.index.json"
        if index.is_file():
            try:
                parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            except (ValueError, KeyError):
                return False
            return all((folder / part).is_file() for part in parts)
    kinds = ("model.safetensors", "pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin")
    return any((folder / name).is_file() for name in kinds)


def plain_model(model: str, folder: Path, processor: Any) -> str:
    """``model`` if it is a whole model; for an adapter, ``folder`` with the adapter merged into its base.

    TRL loads the policy and its reference from one place, and under ZeRO-3 loads them in pieces, so it needs a
    place and not a model in memory.
    """
    if not (Path(model) / "adapter_config.json").is_file():
        return model
    if not (folder / "config.json").is_file():
        aside = folder.with_name(f".{folder.name}.tmp")
        load_model(model).save_pretrained(aside)
        processor.save_pretrained(aside)
        aside.rename(folder)
    return str(folder)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
