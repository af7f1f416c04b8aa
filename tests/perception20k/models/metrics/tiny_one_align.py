"""A tiny random one-align: the true classes with small numbers, saved as the hub would hand it out."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


def build_tiny_one_align(path: Path, *, seed: int = 0) -> Any:
    """Save model, tokenizer and image processor to ``path``; the model, in half precision, as it was made."""
    import torch
    from pyiqa.archs.q_align.configuration_mplug_owl2 import MPLUGOwl2Config
    from transformers import CLIPImageProcessor, LlamaTokenizer

    from perception20k.models.metrics.qalign import LEVELS, architecture

    letters = sorted(set("USER: How would you rate the quality of this image?\nASSISTANT is"))
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *(letter for letter in letters if letter != " "),
        "▁",
        *"abcdefghijklmnopqrstuvwxyz",
    ]
    vocabulary = {piece: place for place, piece in enumerate(dict.fromkeys(pieces))}
    merges = []
    for word in LEVELS:  # each level becomes one token
        whole = "▁"
        for letter in word:
            merges.append((whole, letter))
            whole += letter
            vocabulary.setdefault(whole, len(vocabulary))
    tokenizer = LlamaTokenizer(vocab=vocabulary, merges=list(dict.fromkeys(merges)))
    tokenizer.save_pretrained(path)
    CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=28).save_pretrained(path)
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyiqa calls transformers by names it is about to drop
        config = MPLUGOwl2Config(
            visual_config={
                "visual_model": {**vision, "image_size": 28, "patch_size": 14},
                "visual_abstractor": {**vision, "num_learnable_queries": 4, "encoder_hidden_size": 32, "grid_size": 2},
            },
            vocab_size=len(vocabulary), hidden_size=32, intermediate_size=32, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=256, attn_implementation="eager",
            initializer_range=0.5,
        )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = architecture()(config)
    angles = {name: buffer.clone() for name, buffer in model.named_buffers() if "inv_freq" in name}
    model.half()
    for name, buffer in angles.items():  # which stay in full precision when a model is loaded
        owner, _, last = name.rpartition(".")
        setattr(model.get_submodule(owner), last, buffer)
    model.save_pretrained(path)
    return model
