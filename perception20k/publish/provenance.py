"""What the manifest and the card say about the metrics and models behind scores, names and boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perception20k.config import Config, Score
from perception20k.core.files import sha256
from perception20k.dataset.rft import quoted
from perception20k.models.describers.prompt import PROMPT_VERSION, prompt
from perception20k.models.metrics import find_metric
from perception20k.models.weights import stated_revision


def metric_notes(wanted: tuple[Score, ...] | None) -> list[dict[str, Any]]:
    """What the manifest and the card say about each metric: name, least quality, rule, revision, licence."""
    notes = []
    for score in wanted or ():
        if score.table is not None:
            worst, best = score.range
            rule = f"{worst:g} is 0, {best:g} is 100, linear, clipped"
            about = {"rule": rule, "revision": f"the user's table {Path(score.table).name}", "licence": "not stated"}
        else:
            metric = find_metric(score.metric)
            commit = f" ({stated_revision(metric.revision, 'main')})" if metric.on_hub else ""
            about = {"rule": metric.rule, "revision": metric.revision + commit, "licence": metric.licence}
        notes.append({"name": score.metric, "min": score.min, **about})
    return notes


def objects_note(config: Config) -> dict[str, Any]:
    """What the manifest says about where objects and boxes come from; :func:`objects_sentence` for the card."""
    if config.objects == "whole-image":
        return {"whole_image": True}
    describe, detect, objects = config.describe, config.detect, config.detector
    if objects is not None:
        about = {
            "found_by": _model_name(objects.model),
            "found_by_revision": stated_revision(objects.model, objects.revision),
            "threshold": objects.threshold,
        }
        given = {"classes": objects.classes, "phrases": objects.phrases}
        return about | {key: list(names) for key, names in given.items() if names}
    if describe is None or detect is None:
        assert config.annotations is not None
        spec = config.annotations.given[1]
        return {"annotations": spec if "://" in spec else Path(spec).name}
    note = {
        "named_by": f"{describe.backend} {_model_name(describe.model)}",
        "prompt": PROMPT_VERSION,
        "prompt_sha256": sha256(prompt().encode()),
        "boxed_by": _model_name(detect.model),
        "boxed_by_revision": stated_revision(detect.model, detect.revision),
        "threshold": detect.threshold,
    }
    if describe.backend == "local":  # an API has no revision but its model's name
        note["named_by_revision"] = stated_revision(describe.model, describe.revision)
    return note


def objects_sentence(config: Config) -> str:
    """The same as a sentence.

    >>> from perception20k.config import Annotations
    >>> objects_sentence(Config(("photos/",), Annotations("photos/instances.json")))
    'Objects and boxes come from annotations (`instances.json`).'
    """
    note = objects_note(config)
    if "annotations" in note:
        return f"Objects and boxes come from annotations (`{note['annotations']}`)."
    if "whole_image" in note:
        return (
            "There are no objects: the whole image is distorted, so the rows ask for the distortion and its severity, "
            "not for an object or a box."
        )
    if "found_by" in note:
        names = note.get("phrases") or note.get("classes")
        what = f"looking for {quoted(tuple(names))}" if names else "of all its classes"
        return (
            f"Objects were found by {note['found_by']} (revision `{note['found_by_revision']}`), {what}, "
            f"with a score of {note['threshold']:g} or more."
        )
    named_at = f"revision `{note['named_by_revision']}`, " if "named_by_revision" in note else ""
    return (
        f"Objects were named by {note['named_by']} ({named_at}prompt `{note['prompt']}`) and boxed by "
        f"{note['boxed_by']} (revision `{note['boxed_by_revision']}`), with a score of {note['threshold']:g} or more."
    )


def _model_name(model: str) -> str:
    """A hub model by its full name, a folder by its last part."""
    return Path(model).name if Path(model).is_absolute() else model
