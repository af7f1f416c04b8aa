"""A vLLM server of a run's own: started before its first question, stopped after its last one.

vLLM generates many times faster than ``model.generate``, and is asked as any other server is
(:mod:`trainer.evaluation.server`). Each process of a run has its own, on its own GPU.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import torch

from perception20k.core.errors import UserError
from trainer.models import is_adapter, visual_tokens

VLLM, OFF = "vllm", "off"
_TEXT_TOKENS = 2048
"""Room for a prompt's text; the longest of the papers' has a tenth of it."""
_IMAGES = 3
"""Most images of a prompt: a pair with its reference."""
_PATIENCE = 30
"""Seconds in which a server that was told to stop must be gone."""


def server_for(model: str, wanted: str | None) -> str | None:
    """Where ``model`` is asked: at a URL, at :data:`VLLM`, or in this process (None).

    Without a wish it is vLLM where its command is installed and there is a CUDA GPU, but for adapters, which vLLM
    does not take as they are, and for scripts.
    """
    if wanted is not None:
        return None if wanted == OFF else wanted
    whole = not model.startswith("scripted:") and not is_adapter(model)
    return VLLM if whole and _command() and torch.cuda.is_available() else None


@contextmanager
def serving(model: str, processor: Any, device: torch.device, max_tokens: int) -> Iterator[str]:
    """Serve ``model`` on ``device``, on a port of this machine that nobody else is offered; gives its base URL.

    Its context is what three images of the processor's largest size, a prompt and an answer need. Settings that the
    checkpoint has for generation, such as a repetition penalty, are left out, as they are without vLLM.

    Raises:
        UserError: vLLM is not installed, or it ended before it answered: with the last line that it wrote.
    """
    command = _command()
    if command is None:
        raise UserError("--server vllm needs vllm, which is not installed", f"pip install vllm, or --server {OFF}")
    if is_adapter(model):
        raise UserError(
            f"{model}: vLLM loads whole models only, and this is an adapter", "Merge it first: perception20k merge RUN"
        )
    port = _free_port()
    settings = {
        "--host": "127.0.0.1",
        "--port": str(port),
        "--served-model-name": model,
        "--generation-config": "vllm",
        "--max-model-len": str(_IMAGES * visual_tokens(processor) + _TEXT_TOKENS + max_tokens),
        "--limit-mm-per-prompt": json.dumps({"image": _IMAGES}),
    }
    told = [command, "serve", model, *(word for setting in settings.items() for word in setting)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            told, stdout=log, stderr=subprocess.STDOUT, env=environment(device.index), start_new_session=True
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}/health", model, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            _stop(process)


def _command() -> str | None:
    """vLLM's command: beside this Python, or on the path."""
    beside = Path(sys.executable).parent
    return shutil.which("vllm", path=os.pathsep.join([str(beside), os.environ.get("PATH", os.defpath)]))


def environment(gpu: int | None) -> dict[str, str]:
    """This process's environment, in which its ``gpu``-th GPU is the only one to be seen; all of them without one."""
    if gpu is None:
        return dict(os.environ)
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    own = seen[gpu] if gpu < len(seen) and seen[0] else str(gpu)
    return {**os.environ, "CUDA_VISIBLE_DEVICES": own}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], health: str, model: str, log: IO[bytes]) -> None:
    """Until the server is healthy; loading a large model takes minutes, so only its end ends the wait."""
    while True:
        if process.poll() is not None:
            log.seek(0)
            lines = log.read().decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
            raise UserError(f"{model}: vLLM did not start: {last}", f"--server {OFF} does without it")
        try:
            with urllib.request.urlopen(health, timeout=5):
                return
        except OSError:
            time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server and the workers it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(_PATIENCE)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return
