"""What the documentation says of the types beyond their tables; tests hold it to be true."""

from __future__ import annotations

UNSTEADY = {
    "quantization_otsu": "thresholds move with the number of classes, and a class takes the value k/classes of the "
    "range, not its own mean, so fewer classes may happen to fit a photo better",
    "quantization_hist": "levels come from the cumulative histogram, as in equalisation: tone moves more than it is "
    "coarsened, up or down with the number of bins",
    "contrast_strengthen_stretch": "the curve sends a channel's mean to mid-grey; on a dark or bright photo that shift "
    "dominates and a steeper curve partly undoes it",
}
"""Types of the 35 whose PSNR may rise with severity on a natural photo, with the reason."""

IDENTITIES = {
    ("gaussian_blur", 1): "sigma 0.1: the neighbours' weights are exp(-50)",
    ("mean_shift", 3): "the shift is 0, between the brighter and the darker levels",
}
"""Types and severities of KADID-10k's that change nothing, with the reason."""
