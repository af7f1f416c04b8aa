"""A tiny random Qwen2.5-VL with its own tokenizer, for tests, benchmarks and the learning example.

The real classes with small numbers: about 0.2 M parameters by default, seconds to build, every code path of the
large model. The tokenizer is trained on the spot and splits text as Qwen's does, every digit a token of its own.

    from tests.tiny_vlm import build_tiny
    build_tiny(Path("tiny"), ["texts that the tokenizer should write well"])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]

_NAMED = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_bos_token": "<|vision_start|>",
    "vision_eos_token": "<|vision_end|>",
}

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def build_tiny(
    path: Path,
    texts: Sequence[str],
    *,
    hidden: int = 64,
    layers: int = 2,
    rope_theta: float = 1e4,
    vision_hidden: int = 32,
    vision_layers: int = 2,
    vision_window: int = 56,
    vocabulary: int = 480,
    phrases: Sequence[str] = (),
    max_pixels: int = 56 * 56,
    seed: int = 0,
) -> Path:
    """Build model and processor and save both to ``path``.

    Args:
        path: a directory, made if need be.
        texts: what the tokenizer is trained on.
        hidden: width of the language model, a multiple of 64.
        layers: depth of the language model.
        rope_theta: base of its rotary positions; a small one tells neighbouring places of a small image apart.
        vision_hidden: width of the vision tower, a multiple of 32.
        vision_layers: depth of the vision tower; its last layer attends to the whole image.
        vision_window: side of the square, in pixels, that its other layers attend to, a multiple of 28.
        vocabulary: most tokens of the tokenizer, bytes and special tokens included, phrases not.
        phrases: texts that are one token each, wherever they stand.
        max_pixels: the image processor's pixel budget, a multiple of 28 x 28.
        seed: of the random weights.

    Returns:
        ``path``.
    """
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    processor = _processor(texts, vocabulary, phrases, max_pixels)
    ids = {token: processor.tokenizer.convert_tokens_to_ids(token) for token in _SPECIAL}
    ends = {"pad_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"]}
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(processor.tokenizer),
            "hidden_size": hidden,
            "intermediate_size": hidden * 2,
            "num_hidden_layers": layers,
            "num_attention_heads": hidden // 16,
            "num_key_value_heads": hidden // 32,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": rope_theta, "mrope_section": [2, 3, 3]},
            "tie_word_embeddings": False,
            "bos_token_id": ids["<|endoftext|>"],
            **ends,
        },
        vision_config={
            "depth": vision_layers,
            "hidden_size": vision_hidden,
            "intermediate_size": vision_hidden,
            "num_heads": max(2, vision_hidden // 32),
            "out_hidden_size": hidden,
            "fullatt_block_indexes": [vision_layers - 1],
            "window_size": vision_window,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.update(**ends)
    model.save_pretrained(path)
    processor.save_pretrained(path)
    return path


def _processor(texts: Sequence[str], vocabulary: int, phrases: Sequence[str], max_pixels: int) -> Any:
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    images = Qwen2VLImageProcessor(size={"shortest_edge": 28 * 28, "longest_edge": max_pixels})
    return Qwen2_5_VLProcessor(
        image_processor=images,
        tokenizer=build_tokenizer(texts, vocabulary, phrases),
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=TEMPLATE,
    )


def build_tokenizer(
    texts: Sequence[str], vocabulary: int, phrases: Sequence[str] = (), *, named: dict[str, str] = _NAMED
) -> Any:
    """A tokenizer that splits as Qwen's does; ``named`` are the special tokens that the processor asks for by name."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(dict.fromkeys([*_SPECIAL, *named.values()])),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(phrase, normalized=False) for phrase in phrases])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        model_max_length=4096,
        extra_special_tokens=named,
    )
