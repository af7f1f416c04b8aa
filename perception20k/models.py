"""What every model on this machine needs: a device, and the revision of its weights for keys and the card."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from perception20k.errors import UserError
from perception20k.extras import require

_PEEK = 1 << 20  # bytes read at either end of a large file


def torch_device() -> str:
    """``cuda`` where there is a GPU, else ``cpu`` with one thread, so that results do not depend on its cores."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    torch.set_num_threads(1)
    return "cpu"


def revision_of(model: str, revision: str, wanted_by: str) -> str:
    """What tells these weights from others: the commit of a model of the Hugging Face hub, the digest of a folder.

    Of a folder's files the names, the sizes and both ends are digested: enough to tell, and fast for gigabytes.

    Raises:
        UserError: there is no such model, or no network to ask.
    """
    folder = Path(model)
    if folder.is_dir():
        state = sha256()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            state.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n".encode())
            state.update(_ends(path))
        return state.hexdigest()[:16]
    require(wanted_by, "models", "torch", "transformers")
    from huggingface_hub import snapshot_download

    for offline in (True, False):
        try:
            return Path(
                snapshot_download(model, revision=revision, allow_patterns=["config.json"], local_files_only=offline)
            ).name
        except Exception as error:  # OSError, HTTP and validation errors of several libraries
            if not offline:
                message = f"{wanted_by}: the model '{model}' (revision {revision}) cannot be had: {first_line(error)}"
                raise UserError(message, "Name a folder with its files, or a model of the hub") from None
    raise AssertionError


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened; its kind where it has none."""
    return (str(error).strip().split("\n", 1)[0] or type(error).__name__)[:200]


def _ends(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(_PEEK)
        stream.seek(max(len(head), path.stat().st_size - _PEEK), os.SEEK_SET)
        return head + stream.read()
