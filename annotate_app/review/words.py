"""What the page reads out: a distortion's label as a question, and names that cannot turn the line around."""

from __future__ import annotations

_QUESTIONS = {
    "blur": "is the image *blurred* there",
    "noise": "is the image *noisy* there",
    "compression": "are *compression artefacts* perceptible there",
    "overexposure": "is the image *overexposed* there",
    "underexposure": "is the image *underexposed* there",
    "high contrast": "is the *contrast too high* there",
    "low contrast": "is the *contrast too low* there",
    "oversaturate": "is the image *oversaturated* there",
    "desaturate": "is the image *desaturated* there",
    "oversharpen": "is the image *oversharpened* there",
    "pixelate": "is the image *pixelated* there",
    "quantization": "is *quantization* (too few tones) perceptible there",
    # KADID-10k's groups
    "color distortion": "are the *colours distorted* there",
    "brightness change": "is the *brightness changed* there",
    "spatial distortion": "is a *spatial distortion* perceptible there",
    "sharpness and contrast": "is the *sharpness or contrast changed* there",
}

_BIDI = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Marks that change the direction of what follows; a name from a table may carry some."""


def question(label: str) -> tuple[str, str, str]:
    """The second question about a sample: the words before the distortion, the distortion, and the words after it."""
    before, term, after = _QUESTIONS.get(label, f"is *{plain(label)}* perceptible there").split("*")
    return before, term, after


def plain(text: str) -> str:
    """``text`` without marks that change its direction; letters written from right to left stay as they are."""
    return text.translate(_BIDI)
