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

UNSTEADY_KADID = {
    "mean_shift": "its levels go from brighter to darker through no change",
    "contrast_change": "its levels go from more to less contrast",
    "quantization": "the range that is stretched depends on where the steps fall",
    "pixelate": "a finer grid picks other pixels, which may happen to fit better",
    "non_eccentricity_patch": "patches fall at random on smooth or detailed parts",
    "color_block": "blocks fall at random on parts of similar or different colour",
}
"""The same for KADID-10k's types."""

IDENTITIES = {
    ("gaussian_blur", 1): "sigma 0.1: the neighbours' weights are exp(-50)",
    ("motion_blur", 1): "a line of 1 px is the pixel itself",
    ("color_saturation_2", 1): "the factor is 1",
    ("mean_shift", 3): "the shift is 0, between the brighter and the darker levels",
}
"""Types and severities of KADID-10k's that change nothing, with the reason."""

DEPARTURES = {
    "all types": "The original stretches every photo to 0..1 before and after a distortion. Here levels stay as they "
    "are: a stretch depends on single pixels, undoes part of a mean shift or contrast change, and makes no sense "
    "in a box.",
    "gaussian_blur, mean_shift, noise": "Functions that the 35 types use too truncate to 8 bits as those do, where the "
    "original rounds: up to one grey level less, half a level on average.",
    "color_diffusion, color_saturation_2, brighten, high_sharpen": "None: CIELAB is that of CIE 15 and MATLAB. "
    "scikit-image and kornia lift a negative Z to 0 on the way back, which changes strongly saturated colours.",
    "color_shift": "The edge is replicated where the shift reaches outside.",
    "color_quantization": "MATLAB's `rgb2ind` cuts colours by variance; here Pillow's median cut, settled by k-means, "
    "makes a palette of as little variance. Errors are diffused in the same way.",
    "jpeg2000": "OpenJPEG by way of Pillow, with fewer than 8 resolutions on sides under 128 px, so that any size can "
    "be coded. The last ratio is 400 as in a published copy of the generator; Python ports have 170.",
    "white_noise_color_component": "The noise is added to full-range BT.601 planes, as in Python ports. MATLAB's "
    "planes have headroom, which makes noise of the same variance 1.1 to 1.3 dB stronger.",
    "multiplicative_noise": "Normal, as in Python ports, where MATLAB's is uniform of the same variance.",
    "denoise": "The original removes the noise with MATLAB's pretrained DnCNN, whose weights are not published. "
    "Here, OpenCV's non-local means does, which is not learned and leaves different artefacts.",
    "jitter": "Bilinear instead of bicubic interpolation, as in Python ports, at 1/32 px.",
    "non_eccentricity_patch, color_block": "On sides too small for the original's margins, margins and squares shrink.",
    "quantization": "Equal steps, as in Python ports, where MATLAB's thresholds are Otsu's. A flat photo stays as it "
    "is.",
}
"""Where KADID-10k's types here are not what the MATLAB generator computes, with the reason."""
