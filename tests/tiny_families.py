"""Tiny random models of the other families: the true classes of Qwen3-VL and InternVL3 with small numbers, on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.tiny_vlm import TEMPLATE, build_tokenizer

_INTERNVL = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 4096,
}


def build_qwen3_vl(path: Path, texts: Sequence[str]) -> Path:
    """A Qwen3-VL: patches of 16 pixels, two by two merged, 64 x 64 pixels at most."""
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    tokenizer = build_tokenizer(texts, 480)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in _TOKENS.items()}
    size = {"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
    images = Qwen2VLImageProcessor(patch_size=16, merge_size=2, size=size)
    processor = Qwen3VLProcessor(images, tokenizer, Qwen3VLVideoProcessor(), chat_template=TEMPLATE)
    rotary = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3], "mrope_interleaved": True}
    text = {**_TEXT, "vocab_size": len(tokenizer), "head_dim": 16, "rope_parameters": rotary}
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_heads": 2,
        "out_hidden_size": 64,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    return _save(path, Qwen3VLForConditionalGeneration, Qwen3VLConfig, processor, text, vision, ids)


def build_internvl(path: Path, texts: Sequence[str]) -> Path:
    """An InternVL3: at most two tiles of 28 x 28 pixels and the small picture of the whole, four tokens each."""
    from transformers import (
        GotOcr2ImageProcessor,
        InternVLConfig,
        InternVLForConditionalGeneration,
        InternVLProcessor,
        InternVLVideoProcessor,
    )

    tokenizer = build_tokenizer(texts, 480, named=_INTERNVL)
    template = TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<IMG_CONTEXT>")
    images = GotOcr2ImageProcessor(size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=2)
    processor = InternVLProcessor(
        images, tokenizer, InternVLVideoProcessor(), image_seq_length=1, chat_template=template
    )
    text = {**_TEXT, "model_type": "qwen2", "vocab_size": len(tokenizer)}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": [28, 28],
        "patch_size": [14, 14],
    }
    ids = {"image_token_id": tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>")}
    ids |= {"image_seq_length": 1}
    return _save(path, InternVLForConditionalGeneration, InternVLConfig, processor, text, vision, ids)


_TOKENS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}


def _save(path: Path, kind: Any, config: Any, processor: Any, text: Any, vision: Any, ids: dict[str, int]) -> Path:
    import torch

    tokenizer = processor.tokenizer
    ends = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = kind(config(text_config={**text, **ends}, vision_config=vision, tie_word_embeddings=False, **ids))
    model.generation_config.update(**ends)
    model.save_pretrained(path)
    processor.save_pretrained(path)
    return path
