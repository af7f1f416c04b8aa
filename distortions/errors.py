"""The one exception of this library: bad input, in one clear line."""

from __future__ import annotations

from collections.abc import Iterable


class DistortionError(ValueError):
    """Wrong image, box, type, severity, preset, seed or parameter. The message is one line."""


def unknown(kind: str, name: object, known: Iterable[str]) -> DistortionError:
    """An error for a name that is none of ``known``, with the nearest one if any is near."""
    import difflib  # here, as only a wrong name has to wait for it

    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    if close:
        return DistortionError(f"unknown {kind} {name!r}; did you mean {close[0]!r}")
    known_names = f"known: {', '.join(names) or 'none'}" if len(names) <= 12 else "see distortions.catalog()"
    return DistortionError(f"unknown {kind} {name!r}; {known_names}")
