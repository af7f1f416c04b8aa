"""A dataset, a recipe or a trained model to the Hugging Face hub and back.

``huggingface_hub`` does the transfer: an upload that was stopped goes on when the same call is made again.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.core.files import file_sha256, write_json
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from perception20k.dataset.manifest import dataset_files, read_manifest
from perception20k.dataset.records import read_samples, read_sources
from perception20k.models.api_keys import key_from, without_key
from perception20k.publish.leaks import not_to_share, paths_and_keys
from perception20k.publish.work import file_fault

Kind = Literal["dataset", "recipe", "model"]

RECIPE_FILES = ("README.md", "recipe.parquet", "sources.parquet", "stats.json", "split.csv")
"""What a recipe without photos is: enough for ``perception20k rebuild`` and nothing that shows a picture."""
RECIPE_DIGESTS = "recipe.json"

_MODEL_MARKS = ("config.json", "adapter_config.json")
_NOT_OF_A_MODEL = ("checkpoint-", "optimizer", "scheduler", "rng_state", "runs/")


@dataclass(frozen=True)
class Parcel:
    """What is to be sent."""

    kind: Kind
    root: Path
    sizes: dict[str, int]
    """Bytes of each file, by its path in the repository."""


def pack(root: Path, *, recipe_only: bool = False, any_licence: bool = False) -> Parcel:
    """Choose the files to send and refuse what must not be sent.

    Args:
        root: a dataset, or the folder of a trained model.
        recipe_only: send the recipe without any photo.
        any_licence: send photos although no licence allows it.

    Raises:
        UserError: neither a dataset nor a model; an unfinished build; deletions that nobody has verified; an absolute
            path or a key in a file; photos whose licence does not allow it; a model without a card.
    """
    if not (root / "recipe.parquet").is_file() and any((root / name).is_file() for name in _MODEL_MARKS):
        return _model(root)
    layout = Layout(root).require()
    manifest = read_manifest(layout)
    if manifest is None:
        raise UserError(f"{root}: no manifest.json, the build has not finished", "Run the same build again")
    ids = {sample.sample_id for sample in read_samples(layout.recipe)}
    if waiting := read_review(layout.decisions).among(ids).unverified:
        raise UserError(
            f"{root}: {len(waiting)} deletions have not been verified", "Verify them in the review app, then export"
        )
    names = [name for name in RECIPE_FILES if (root / name).is_file()] if recipe_only else list(dataset_files(layout))
    if not recipe_only:
        names.append(layout.manifest.name)
        held_back = not_to_share(read_sources(layout.sources))
        if held_back and not any_licence:
            counts = ", ".join(f"{count} {licence}" for licence, count in sorted(held_back.items()))
            total = sum(held_back.values())
            raise UserError(
                f"{root}: the licences of {total} source images do not allow altered copies ({counts})",
                "Send the recipe alone with --recipe-only, or, if you have permission, give --any-licence",
            )
    return _checked("recipe" if recipe_only else "dataset", root, names)


def send(parcel: Parcel, repo: str, *, public: bool = False) -> str:
    """Upload a parcel; files that are there already are not sent again.

    Args:
        parcel: from :func:`pack`.
        repo: ``NAME/REPO``; it is made if it is not there.
        public: whether a new repository can be seen by everybody.

    Returns:
        The repository's address.

    Raises:
        UserError: huggingface_hub is not installed, or the hub refuses.
    """
    require("publish", "hub", "huggingface_hub")
    from huggingface_hub import HfApi

    repo_type = "model" if parcel.kind == "model" else "dataset"
    with _hub_errors(repo), _folder(parcel) as folder:
        api = HfApi()
        made = api.create_repo(repo, repo_type=repo_type, private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=repo,
            repo_type=repo_type,
            folder_path=folder,
            allow_patterns=list(parcel.sizes) if parcel.kind == "model" else None,
            ignore_patterns=["review/*", ".perception20k/*"],
            commit_message=f"Perception20K {parcel.kind}",
        )
    return str(made)


def bring(repo: str, out: Path) -> None:
    """Download a dataset or a recipe into a new folder.

    Raises:
        UserError: the folder is not empty, huggingface_hub is not installed, or there is no such repository.
    """
    require("fetch", "hub", "huggingface_hub")
    from huggingface_hub import snapshot_download

    begun = (out / ".cache" / "huggingface").is_dir()
    if out.exists() and any(out.iterdir()) and not begun:
        raise UserError(f"{out}: the folder is not empty", "Name a new one with --out")
    with _hub_errors(repo):
        snapshot_download(repo, repo_type="dataset", local_dir=out)
    shutil.rmtree(out / ".cache", ignore_errors=True)  # what the download kept to go on if it was stopped
    (out / ".gitattributes").unlink(missing_ok=True)  # the hub's own


def recipe_mismatches(root: Path) -> list[str]:
    """Files of a recipe that was brought whose bytes are not those that were sent, one line each."""
    recorded: dict[str, str] = json.loads((root / RECIPE_DIGESTS).read_text(encoding="utf-8"))["files"]
    faults = {name: file_fault(root, (name, digest)) for name, digest in recorded.items()}
    said = {"missing": "missing", "differs": "the bytes differ from those sent"}
    return [f"{name}: {said[fault]}" for name, fault in faults.items() if fault]


def recipe_card(card: str) -> str:
    """A dataset's card for its recipe alone: the viewer shows the recipe's rows, and a line says what is not there."""
    rows = "data_files:\n  - split: train\n    path: recipe.parquet\n"
    card = re.sub(r"data_files:\n(?:  .*\n)+", rows, card, count=1)
    card = re.sub(r"\n!\[[^\]]*\]\(figures/[^)]*\)\n", "\n", card)
    said = "This is the recipe alone, without the photos; from their files `perception20k rebuild` makes every sample."
    return re.sub(r"\n# (.*)\n", rf"\n# \1\n\n{said}\n", card, count=1)


def _model(root: Path) -> Parcel:
    if not (root / "README.md").is_file():
        raise UserError(f"{root}: a model without a card", "Write README.md: what it was trained on, and its results")
    files = (path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file())
    return _checked("model", root, [name for name in files if not any(mark in name for mark in _NOT_OF_A_MODEL)])


def _checked(kind: Kind, root: Path, names: list[str]) -> Parcel:
    if leaks := list(paths_and_keys(root, names)):
        more = f" and {len(leaks) - 1} more files" if len(leaks) > 1 else ""
        raise UserError(f"{root}: cannot be published: {leaks[0]}{more}", "Remove it, and export again")
    return Parcel(kind, root, {name: (root / name).stat().st_size for name in names})


@contextmanager
def _folder(parcel: Parcel) -> Iterator[Path]:
    """The folder to upload: the parcel's own, or for a recipe a new one with its files and their digests."""
    if parcel.kind != "recipe":
        yield parcel.root
        return
    with TemporaryDirectory() as made:
        folder = Path(made)
        for name in parcel.sizes:
            shutil.copyfile(parcel.root / name, folder / name)
        card = folder / "README.md"
        card.write_text(recipe_card(card.read_text(encoding="utf-8")), encoding="utf-8")
        write_json(folder / RECIPE_DIGESTS, {"files": {name: file_sha256(folder / name) for name in parcel.sizes}})
        yield folder


@contextmanager
def _hub_errors(repo: str) -> Iterator[None]:
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is of the HTTP library that it uses
        HFValidationError,
        HTTPError,
        LocalTokenNotFoundError,
        RepositoryNotFoundError,
    )

    key = key_from("the hub", "HF_TOKEN", needed=False)
    try:
        yield
    except (LocalTokenNotFoundError, RepositoryNotFoundError):
        raise UserError(
            f"{repo}: no such repository, or no access to it", "Log in with `hf auth login`, or set HF_TOKEN"
        ) from None
    except HFValidationError as error:
        raise UserError(f"{repo}: {without_key(str(error), key)}", "Write it as NAME/REPO", code=2) from None
    except (HTTPError, ConnectionError, RuntimeError) as error:
        said = " ".join(f"{error} {error.__cause__ or ''}".split())  # a file that failed is a RuntimeError with a cause
        raise UserError(f"{repo}: {without_key(said, key)}", "Run the same command again to resume") from None
