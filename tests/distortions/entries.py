"""Every type of both families, for tests of what all of them keep to."""

from distortions import DEFAULT_PRESET, Distortion, catalog

KADID = "kadid-10k"

ENTRIES = [*catalog(DEFAULT_PRESET, extra=True), *catalog(KADID, extra=True)]


def preset_of(entry: Distortion) -> str:
    """The family's first preset."""
    return entry.family.presets[0]


def title(entry: Distortion) -> str:
    """A test's id."""
    return f"{preset_of(entry)}/{entry.type}"
