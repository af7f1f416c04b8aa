"""Tiny random detectors, a tokenizer of their own where they need one: true classes, small numbers, saved to disk."""

from __future__ import annotations

from pathlib import Path


def build_tiny_dino(path: Path, words: tuple[str, ...] = ("red", "cup", "dog", "lamp", "chair")) -> Path:
    """Build model and processor from random weights of seed 0 and save both to ``path``."""
    import torch
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    path.mkdir(parents=True, exist_ok=True)
    letters = [f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789'-" for mark in ("", "##")]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", *letters, *words]
    (path / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = BertTokenizerFast(str(path / "vocab.txt"))
    images = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    GroundingDinoProcessor(images, tokenizer).save_pretrained(path)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64, embed_dim=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=32, max_position_embeddings=64,
        ),
        d_model=32, encoder_layers=1, encoder_ffn_dim=32, encoder_attention_heads=2, decoder_layers=2,
        decoder_ffn_dim=32, decoder_attention_heads=2, num_queries=20, max_text_len=32, num_feature_levels=4,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        GroundingDinoForObjectDetection(config).save_pretrained(path)
    return path


def build_tiny_detector(path: Path, kind: str = "rt_detr_v2", names: tuple[str, ...] = ("dog", "cup", "chair")) -> Path:
    """Build an RT-DETR, D-FINE or DETR that knows ``names``, with its image processor, and save both to ``path``.

    The RT-DETR finds a large cup and a large chair in any photo.
    """
    import torch
    from transformers import (
        AutoModelForObjectDetection,
        DetrConfig,
        DetrImageProcessor,
        DFineConfig,
        HGNetV2Config,
        ResNetConfig,
        RTDetrImageProcessor,
        RTDetrResNetConfig,
        RTDetrV2Config,
    )

    labels = {"id2label": dict(enumerate(names)), "label2id": {name: place for place, name in enumerate(names)}}
    small = {
        "d_model": 32, "num_queries": 20, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "decoder_layers": 2, **labels,
    }  # fmt: skip
    levels = {
        "encoder_hidden_dim": 32, "encoder_in_channels": [16, 16, 16], "decoder_in_channels": [32, 32, 32],
        "num_feature_levels": 3, "num_denoising": 0, "hidden_expansion": 0.5,
    }  # fmt: skip
    config: DetrConfig | DFineConfig | RTDetrV2Config
    if kind == "rt_detr_v2":
        resnet = RTDetrResNetConfig(
            embedding_size=16, hidden_sizes=[16, 16, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
            out_features=["stage2", "stage3", "stage4"],
        )  # fmt: skip
        config = RTDetrV2Config(backbone_config=resnet, **small, **levels)
    elif kind == "d_fine":
        hgnet = HGNetV2Config(
            stem_channels=[3, 8, 8], stage_in_channels=[8, 16, 16, 16], stage_mid_channels=[8, 8, 8, 8],
            stage_out_channels=[16, 16, 16, 16], stage_num_blocks=[1, 1, 1, 1], stage_numb_of_layers=[1, 1, 1, 1],
            hidden_sizes=[16, 16, 16, 16], depths=[1, 1, 1, 1], embedding_size=8,
            out_features=["stage2", "stage3", "stage4"],
        )  # fmt: skip
        config = DFineConfig(backbone_config=hgnet, **small, **levels, decoder_n_points=[2, 2, 2])
    else:
        resnet50 = ResNetConfig(
            embedding_size=16, hidden_sizes=[16, 16, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
            out_features=["stage4"],
        )  # fmt: skip
        config = DetrConfig(
            backbone_config=resnet50, use_timm_backbone=False, use_pretrained_backbone=False, encoder_layers=1, **small
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForObjectDetection.from_config(config)
        with torch.no_grad():
            torch.manual_seed(0)
            for name, values in model.named_parameters():
                if name.startswith("model.decoder.class_embed"):  # classes that differ from box to box
                    torch.nn.init.normal_(values)
                if name.startswith("model.decoder.bbox_embed") and name.endswith("layers.2.bias"):
                    values[2:] = 1.2  # boxes of a third of a side
        model.save_pretrained(path)
    if kind == "detr":
        DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(path)
    else:
        RTDetrImageProcessor(size={"height": 64, "width": 64}).save_pretrained(path)
    return path
