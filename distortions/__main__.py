"""The library from the command line.

``python -m distortions`` prints the catalogue as Markdown, from the catalogue itself: docs/distortions.md.
``python -m distortions photo.jpg --all`` writes every type at every severity.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from distortions.catalog import EASY_GROUPS, GROUPS, Distortion, catalog, groups
from distortions.errors import DistortionError
from distortions.every import write_every
from distortions.notes import DEPARTURES, IDENTITIES, UNSTEADY, UNSTEADY_KADID
from distortions.parameters import DEFAULT_PRESET, PRESETS, SEVERITIES

_HEAD = """\
# The distortions

Two families of types, each type at five severities: Refine-IQA's 35 in twelve groups, and
[KADID-10k's 25](#kadid-10ks-family) in seven. `python -m distortions` prints this page from the catalogue that the
code uses; a test keeps the two identical.

    from distortions import catalog, distort, distort_region, resolve
    distort(image, "blur_motion", 3, seed=7)                           # the whole image, as a new array
    distort(image, "blur_motion", 3, seed=7, angle=37.0)               # a drawn parameter fixed by name
    distort_region(image, (x1, y1, x2, y2), "blur_motion", 3, seed=7)  # one box, every other byte unchanged
    resolve("blur_motion", 3, seed=7)                                  # all parameters, including the drawn ones

An image is a uint8 RGB array of shape (height, width, 3) of any size. In the tables x is a value of the image in 0..1;
lengths are pixels. `pip install ./distortions` installs only this library: it needs NumPy, OpenCV and Pillow.

![Every type at severity 4](distortions.jpg)
"""

_KADID = """\
## KADID-10k's family

The preset `kadid-10k` has its own types: the 25 of KADID-10k and KADIS-700k in 7 groups, with the original's five
levels and order. The number of a type is the one in the dataset's file names. In `mean_shift` and `contrast_change`,
the levels run from more to less and are not strengths, so the severity words in prompts do not fit them.

    distort(image, "color_diffusion", 3, preset="kadid-10k")
    distort_region(image, (x1, y1, x2, y2), "motion_blur", 3, seed=7, preset="kadid-10k")
    catalog("kadid-10k")                                               # its types; groups("kadid-10k") its groups

![Every type of KADID-10k at severity 4](kadid.jpg)
"""

_KADID_NOTES = """\
Some levels of the original change nothing:

{identities}

A higher severity lowers the PSNR on natural photos, except for these types:

{unsteady}

These types follow the published MATLAB generator of KADIS-700k. They depart from it in the following points:

| types | departure and reason |
| --- | --- |
{departures}

In a box, `color_quantization`, `quantization`, `jpeg2000`, `pixelate`, `non_eccentricity_patch` and `color_block` treat
the box as an image; `color_shift` finds its edges in the box and the context it reads.

Against outputs of a public Python port on two photos (`tests/distortions/test_kadid.py`), every type is within 2 grey
levels on 99.5 % of the values where the port is right, and random ones within 1 dB of PSNR, 0.04 of SSIM and 1 grey
level of mean and deviation. The port's errors are not copied: its lens blur is not a disk from radius 2 on; it
passes planes to CIELAB in the wrong order (ours gives the same with red and blue exchanged in the photo); its
sharpening uses twice the sigma; its jitter shifts whole images; its patches are copied between overlapping views; and
its colour shift clips by index instead of value.

`python -m benchmarks.kadid` measures the cost in CPU time. On one core, for a photo of 512x384 and the mean of
the five levels, the 25 types take 0.30 s together; JPEG 2000, denoise and colour quantization are 0.25 of it. Fifteen
of them, written plainly with scikit-image, SciPy and Pillow, took three times as long in the same run (median of the
types: 8 to 10 times). Reading a JPEG, distorting it at five levels and writing the files takes 12 to 14 ms per image as
BMP and 28 to 29 ms as PNG. Extrapolated from two processes to 16 cores that is 4.2 to 4.5 and 1.9 to 2.0 million images
per hour, so KADIS-700k's 700,000 take 10 and 22 minutes if memory and disk keep up.
"""

_TAIL = """\
## Rules for all types

- **Truncated.** Results are converted to 8 bits by truncation, as in the reference code, not by rounding. Functions
  that only KADID-10k's family has do round, as its generator does.
- **Pure.** The input is never changed, and the result depends only on the arguments: the same arguments give the same
  bytes.
- **Keyed.** Randomness comes from a generator (SFC64) seeded by a hash of seed, type and severity; a drawn parameter
  has its own stream, so fixing it changes nothing else.
- **Local.** `distort_region` changes only the box. Types marked *context* include the surroundings of the box as far as
  their kernel reaches, so the edge of the box blurs with its real surroundings. For `blur_gaussian`, `blur_motion`,
  `blur_lens`, `oversharpen` and `compression_jpeg`, and for all types that treat pixels independently, a box looks
  exactly as it would in the whole distorted image; for this, JPEG keeps the image's 16 px block grid.
- **The box alone.** Contrast and quantization measure the box, not the image. `blur_zoom` zooms about the box's
  centre and never looks outside. `pixelate` and `compression_jpeg_2000` treat the box as an image, with its own blocks
  and bit budget.
- **Cost** grows with the box and its context, not with the image, apart from one copy of the image.

## Where severities do not lower the PSNR

A higher severity lowers the PSNR on natural photos, except for these types:

{exceptions}

## Presets

`refine-iqa`, the default, has the values of the Refine-IQA supplement. `depictqa-v2` has those of the code that
the paper builds on. They differ in: {differences}.

## Outside the 35

{extra}
The paper describes its quantization as uniform steps, floor(I / Q) Q with Q = {steps}, and gives bit depths
(5 to 1) that do not match Q; at Q = 256 every image is black. So the group uses the reference code's three types, and
the uniform one is available only by name: it is in no group, and `catalog()` lists it only with `extra=True`.

## Parity

Against outputs of the reference code on two photos, every deterministic type is within 1 grey level on all values; the
random types stay within 1 dB of PSNR, 0.04 of SSIM and 1 grey level of mean and standard deviation
(`tests/distortions/test_parity.py`). Glass and jitter are one gather with random offsets, while the reference
moves pixels in place one by one; for glass, the offsets have the distribution of the reference's chains of moves.

## Speed

`python benchmarks/distortions.py` times every type and compares it with the reference code's stored times, scaled by
three yardsticks (memory, computing, a codec). Measured in CPU time, for a photo of 640x427 at severity 3: 11 times the
reference's speed (geometric mean of the 35 types; 10.4 to 11.2 by yardstick), 151 ms for all 35 against 803, of which
JPEG 2000 is 120. On a machine with ten running programs per core it is 8.1 to 11.7 times, depending on the yardstick,
and 183 to 193 ms. Four or five types are under 1.5 times, because the same library calls do nearly all the work in
both: oversharpening (0.7 to 1.0), JPEG 2000 (0.9 to 1.1), the two HSV saturations (1.1 to 1.5) and JPEG (1.2 to 1.6). A
box of 200x200 in a photo of 1920x1080 takes 0.8 to 1.7 times an image of that size.

The bottlenecks, measured the same way: 98 % of JPEG 2000's time is Pillow's OpenJPEG, which codes every bit plane and
then drops most of them; OpenCV's build of OpenJPEG takes 0.55 of the time but cannot aim at a PSNR, and fewer
resolutions or smaller blocks change the pixels. Oversharpening is two OpenCV calls in both, the conversion to HSV and
back is 84 % of a saturation, and the two passes of a separable filter are 94 % of a Gaussian blur. Of RGB noise,
drawing takes 38 %, the table 43 % and the sum 17. More speed would need compiled code that does such steps in one pass.

A photo of 4.5 megapixels takes 20 ms per type on average without JPEG 2000. OpenCV's own threads on two cores save 2 %
of wall time (geometric mean; oversharpening 1.3 times as fast), so a build runs one process per core instead.

While training, `python -m benchmarks.transforms` compares `RandomDistortion` with the most similar transforms of
other libraries (256x256, one thread, one run). It is as fast as Albumentations 2.0.8 in the geometric mean of 18 types
(0.2 to 10.7 times, slower in 10), and 2.6 times as fast as kornia 0.9.0 on batches of 16 in the mean of 12 types (0.7
to 13.2 times, slower in 2). If a type is a single look-up or sum, keying the draw costs more than the distortion.

`import distortions` takes 0.17 to 0.20 s of CPU time on the same core, 0.01 more than Python, NumPy and OpenCV.
"""


def _row(entry: Distortion) -> str:
    table = entry.parameters[entry.family.presets[0]]
    values = [f"{name} {' '.join(f'{v:.3g}' for v in row)}" for name, row in table.items()]
    values += [f"{name} drawn from {low:g} to {high:g}" for name, (low, high) in entry.drawn.items()]
    marks = [mark for mark, on in (("random", entry.random), ("context", entry.reads_context)) if on]
    cells = [f"`{entry.type}`", entry.summary, "; ".join(values), ", ".join(marks), entry.source]
    return "| " + " | ".join(cells) + " |"


def _table(entries: list[Distortion]) -> str:
    head = "| type | what it does | parameters, severity 1 to 5 | | source |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *map(_row, entries)]) + "\n"


def _kadid() -> str:
    """KADID-10k's family: its groups, its types, and what is particular to them."""
    parts = [_KADID]
    for group, label in groups("kadid-10k").items():
        parts.append(f"### {group}: “{label}”\n")
        parts.append(_table([entry for entry in catalog("kadid-10k") if entry.group == group]))
    identities = "\n".join(f"- `{type_}` {severity}: {why}." for (type_, severity), why in IDENTITIES.items())
    unsteady = "\n".join(f"- `{type_}`: {why}." for type_, why in UNSTEADY_KADID.items())
    departures = "\n".join(f"| {types} | {why} |" for types, why in DEPARTURES.items())
    parts.append(_KADID_NOTES.format(identities=identities, unsteady=unsteady, departures=departures))
    return "\n".join(parts)


def markdown() -> str:
    """The whole page."""
    words = ", ".join(f"{i} {word}" for i, word in enumerate(SEVERITIES, 1))
    parts = [_HEAD, f"Severities: {words}. Groups are named with the label that prompts and answers use.\n"]
    for group, label in GROUPS.items():
        ease = "easy" if group in EASY_GROUPS else "hard"
        parts.append(f"## {group}: “{label}” ({ease})\n")
        parts.append(_table([entry for entry in catalog() if entry.group == group]))
    parts.append(_kadid())
    extra = [entry for entry in catalog(extra=True) if not entry.group]
    differences = [
        f"`{entry.type}` {name} {' '.join(map(str, values))} in `{PRESETS[1]}`"
        for entry in catalog(extra=True)
        for name, values in entry.parameters[PRESETS[1]].items()
        if values != entry.parameters[DEFAULT_PRESET][name]
    ]
    steps = ", ".join(str(step) for step in extra[0].parameters[DEFAULT_PRESET]["step"])
    exceptions = "\n".join(f"- `{type_}`: {why}." for type_, why in UNSTEADY.items())
    exceptions += (
        "\n- `blur_motion`, whose angle is drawn separately for each severity: a photo blurs less along its own lines. "
        "With the angle fixed it is steady."
    )
    parts.append(
        _TAIL.format(exceptions=exceptions, differences="; ".join(differences), extra=_table(extra), steps=steps)
    )
    return "\n".join(parts)


def main() -> None:
    """Print the page, or write the pictures; exits with 2 on wrong usage and on what cannot be read or written."""
    parser = argparse.ArgumentParser(prog="python -m distortions", description="Without a photo: print the catalogue.")
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("--all", action="store_true", help="write every type at every severity as PNG files")
    parser.add_argument("-o", "--out", type=Path, help="a new folder for them; PHOTO-distorted by default")
    parser.add_argument("--preset", choices=PRESETS, default=DEFAULT_PRESET)
    parser.add_argument("--seed", type=int, default=0, help="the key of the random types")
    given = parser.parse_args()
    if given.photo is None:
        print(markdown(), end="")
        return
    if not given.all:
        parser.error("give --all to write every type at every severity of the photo")
    folder = given.out or given.photo.with_name(f"{given.photo.stem}-distorted")
    try:
        written = write_every(given.photo, folder, preset=given.preset, seed=given.seed)
    except (OSError, DistortionError) as error:
        parser.error(str(error))
    print(f"{len(written)} files in {folder}")


if __name__ == "__main__":
    main()
