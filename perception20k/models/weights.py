"""What every local model needs: a device, and the revision of its weights for keys and the card."""

from __future__ import annotations

import hashlib
import json
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.core.files import file_sha256


def torch_device() -> str:
    """``cuda`` where there is a GPU, else ``cpu`` with one thread, so that results do not depend on its cores."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    torch.set_num_threads(1)
    return "cpu"


def load_pretrained(
    wanted_by: str, model: str, revision: str, processor: str, architecture: str, **options: Any
) -> tuple[Any, Any]:
    """A model's processor and the model itself, ready to answer on :func:`torch_device`.

    Args:
        wanted_by: begins errors.
        model: a folder, or a hub model.
        revision: for a hub model, its commit.
        processor: the name of a class of transformers.
        architecture: the model's.
        **options: for the model.

    Raises:
        UserError: it could not be loaded.
    """
    commit = {} if Path(model).is_dir() else {"revision": revision}
    try:
        import transformers

        prepared = getattr(transformers, processor).from_pretrained(model, **commit)
        loaded = getattr(transformers, architecture).from_pretrained(model, **commit, **options)
    except Exception as error:  # transformers and the hub raise many kinds
        raise UserError(f"{wanted_by}: {model} cannot be loaded: {first_line(error)}") from None
    return prepared, loaded.to(torch_device()).eval()


class Weights:
    """A model's revision, looked up on first use, so that a run that needs no model does not have to find one.

    Args:
        model: a folder, or a model of the Hugging Face hub.
        revision: of a model of the hub, its branch, tag or commit.
        wanted_by: who needs it, for error messages.
    """

    def __init__(self, model: str, revision: str, wanted_by: str) -> None:
        self._asked = model, revision, wanted_by

    @cached_property
    def _found(self) -> str | UserError:
        try:
            return revision_of(*self._asked)
        except UserError as error:
            return error

    @property
    def mark(self) -> str:
        """The revision for an item's key; where the model could not be found, a word that no journalled result has."""
        return self._found if isinstance(self._found, str) else "not found"

    def needed(self) -> str:
        """The revision to load.

        Raises:
            UserError: the model could not be found.
        """
        if isinstance(self._found, UserError):
            raise self._found
        return self._found

    def __getstate__(self) -> dict[str, Any]:
        """Look the revision up before pickling: a worker must load the weights that the keys name."""
        _ = self._found
        return self.__dict__


def revision_of(model: str, revision: str, wanted_by: str) -> str:
    """What identifies these weights: the commit of a Hugging Face hub model, or the digest of a folder.

    The commit is the one cached on this machine; the hub is asked only if there is none.

    Raises:
        UserError: there is no such model, or no network to ask.
    """
    if here := local_revision(model, revision):
        return here
    require(wanted_by, "models", "torch", "transformers")
    try:
        return _snapshot(model, revision, offline=False).name
    except Exception as error:  # OSError, HTTP and validation errors of several libraries
        message = f"{wanted_by}: the model '{model}' (revision {revision}) could not be found: {first_line(error)}"
        raise UserError(message, "Name a folder with its files, or a model on the hub") from None


def local_revision(model: str, revision: str) -> str:
    """The revision as far as this machine knows it without asking the hub; else empty."""
    folder = Path(model)
    if folder.is_dir():
        state = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            status = path.stat()
            digest = _file_digest(path, status.st_size, status.st_mtime_ns)
            state.update(f"{path.relative_to(folder).as_posix()} {status.st_size} {digest}\n".encode())
        return state.hexdigest()[:16]
    try:
        return _snapshot(model, revision, offline=True).name
    except Exception:  # not cached, not a model's name, huggingface_hub not installed
        return ""


def stated_revision(model: str, revision: str) -> str:
    """The revision for the manifest and the card; it says so where this machine does not know it."""
    if known := local_revision(model, revision):
        return known
    return "unknown: the folder is gone" if Path(model).is_absolute() else f"{revision}, commit unknown"


def first_line(error: BaseException) -> str:
    """The first line of an error's text, shortened; its kind where it has none."""
    return (str(error).strip().split("\n", 1)[0] or type(error).__name__)[:200]


def model_config(model: str, revision: str, wanted_by: str) -> dict[str, Any]:
    """A model's ``config.json``: what it is, known before its weights are loaded.

    Raises:
        UserError: there is no such model, or it has no such file.
    """
    commit = revision_of(model, revision, wanted_by)
    folder = Path(model) if Path(model).is_dir() else _snapshot(model, commit, offline=True)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{wanted_by}: {model} is not a model: config.json: {first_line(error)}") from None
    if not isinstance(config, dict):
        raise UserError(f"{wanted_by}: {model} is not a model: config.json is not a JSON object")
    return config


@cache
def _snapshot(model: str, revision: str, *, offline: bool) -> Path:
    """The folder named by the commit of a hub model, cached so that keys, work and manifest of one process agree."""
    from huggingface_hub import snapshot_download

    only = ["config.json"]
    return Path(snapshot_download(model, revision=revision, allow_patterns=only, local_files_only=offline))


@cache
def _file_digest(path: Path, size: int, changed: int) -> str:
    """Digest of a file, whole; read once in a process while its ``size`` and time of change stay the same."""
    return file_sha256(path)
