"""Which predictor answers: a model in this process, one at a server, or a script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from perception20k.core.reporting import SILENT, Reporter
from trainer.evaluation.local import LocalModel
from trainer.evaluation.scripted import SCRIPTS, Scripted
from trainer.evaluation.server import Server
from trainer.evaluation.suites import Predictor
from trainer.evaluation.vllm_server import VLLM, serving
from trainer.models import grid_of, load_processor


@dataclass(frozen=True)
class Asking:
    """The model and how it is asked."""

    model: str
    """Directory or hub name of a model or adapter, its name at ``server``, or ``scripted:NAME``."""
    server: str | None = None
    """A URL, ``vllm`` for a server of the run's own, or None for this process."""
    timeout: float = 120
    batch: int = 8
    max_tokens: int = 1024
    max_pixels: int = 1920 * 1080


@contextmanager
def predictor(asking: Asking, device: Any, reporter: Reporter = SILENT) -> Iterator[Predictor]:
    """The predictor, with its weights loaded; a server of its own ends with the context.

    Raises:
        UserError: no such script or model, or what it needs is not installed.
    """
    script = asking.model.removeprefix("scripted:")
    limits = (asking.max_tokens, asking.max_pixels)
    if script != asking.model:
        if script not in SCRIPTS:
            raise UserError(f"{asking.model}: no such script", suggestion(script, SCRIPTS), code=2)
        yield Scripted(SCRIPTS[script])
    elif asking.server is None:
        yield LocalModel(asking.model, device, *limits)
    elif asking.server != VLLM:
        yield Server(asking.model, asking.server, *limits, asking.timeout)
    else:
        reporter.line(f"vLLM loads {asking.model}; --server off does without vLLM")
        processor = load_processor(asking.model, asking.max_pixels)
        with serving(asking.model, processor, device, asking.max_tokens) as url:
            yield Server(asking.model, url, *limits, asking.timeout, grid=grid_of(processor))
