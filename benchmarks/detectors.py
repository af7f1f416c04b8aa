"""What finding objects costs on one core: a photo through a detector of the true size with random weights.

    python -m benchmarks.detectors [--photos 6]

Processor time, which other load on the machine does not touch. The shape is that of PekingU/rtdetr_v2_r18vd;
random weights take as long as trained ones.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForObjectDetection,
    RTDetrImageProcessor,
    RTDetrResNetConfig,
    RTDetrV2Config,
)
from transformers.utils.logging import disable_progress_bar

from perception20k.core.seeding import keyed_rng
from perception20k.imaging.images import Array
from perception20k.models.detectors.class_detector import ClassDetector


def rtdetr(folder: Path) -> Path:
    resnet = RTDetrResNetConfig(
        layer_type="basic", depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], embedding_size=64,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = RTDetrV2Config(
        backbone_config=resnet, encoder_in_channels=[128, 256, 512], decoder_layers=3, hidden_expansion=0.5,
        id2label={place: f"class {place}" for place in range(80)},
    )  # fmt: skip
    AutoModelForObjectDetection.from_config(config).save_pretrained(folder)
    RTDetrImageProcessor().save_pretrained(folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=6, help="photos of 1280x960")
    arguments = parser.parse_args()
    disable_progress_bar()
    torch.manual_seed(0)
    photos = [keyed_rng("photo", n).integers(0, 256, (960, 1280, 3), np.uint8) for n in range(arguments.photos)]
    with tempfile.TemporaryDirectory() as folder:
        small = ClassDetector(str(rtdetr(Path(folder) / "rtdetr")), "")
        report("RT-DETR v2 R18, one by one", lambda photo: small.find([photo]), photos)
        report("RT-DETR v2 R18, together", lambda _: small.find(photos), photos[:1], len(photos))


def report(what: str, find: Callable[[Array], object], photos: list[Array], each: int = 1) -> None:
    find(photos[0])
    seconds = []
    for photo in photos:
        start = time.process_time()
        find(photo)
        seconds.append((time.process_time() - start) / each)
    print(f"{what}: {min(seconds):.2f} to {max(seconds):.2f} s of one core a photo, median {np.median(seconds):.2f}")


if __name__ == "__main__":
    main()
