"""A sample record to vary in tests of what needs no image."""

from perception20k.dataset.records import Sample

BLANK = Sample(
    sample_id="0123456789abcdef",
    image_id="fedcba9876543210",
    origin="a.jpg",
    width=640,
    height=480,
    object="red cup",
    objects=("red cup", "spoon"),
    box=(10, 20, 110, 220),
    group="brighten",
    type="brightness_brighten_gamma_RGB",
    severity=3,
    seed=1,
    preset="refine-iqa",
    params={"gamma": 0.6},
    psnr=20.0,
    ssim=0.8,
    delta_e=9.0,
    file="images/distorted/0123456789abcdef.webp",
    file_sha256="0" * 64,
    pixels_sha256="1" * 64,
    split="train",
)
