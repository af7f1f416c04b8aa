"""Which predictor answers: a model on this machine, one at a server, or a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from trainer.evaluation.scripted import SCRIPTS, Scripted
from trainer.evaluation.suites import Predictor


@dataclass(frozen=True)
class Asking:
    """The model and how it is asked."""

    model: str
    """Directory or hub name of a model or adapter, its name at ``server``, or ``scripted:NAME``."""
    server: str | None = None
    timeout: float = 120
    batch: int = 8
    max_tokens: int = 1024
    max_pixels: int = 1920 * 1080


def predictor(asking: Asking, device: Any) -> Predictor:
    """The predictor, with its weights loaded.

    Raises:
        UserError: no such script or model, or what it needs is not installed.
    """
    script = asking.model.removeprefix("scripted:")
    if script != asking.model:
        if script not in SCRIPTS:
            raise UserError(f"{asking.model}: no such script", suggestion(script, SCRIPTS), code=2)
        return Scripted(SCRIPTS[script])
    if asking.server is not None:
        from trainer.evaluation.server import Server

        return Server(asking.model, asking.server, asking.max_tokens, asking.max_pixels, asking.timeout)
    from trainer.evaluation.local import LocalModel

    return LocalModel(asking.model, device, asking.max_tokens, asking.max_pixels)
