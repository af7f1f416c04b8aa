"""Recipes as files: one YAML with a paper's hyper-parameters, whose keys are those of
:class:`trainer.training.recipe_keys.Recipe`.

``trainer/training/recipes/`` holds the papers' own. A user's file may start from one of them::

    base: refine-iqa-stage2
    prompts_per_step: 4
    advantage: group          # the ablation without Eq. 6

Papers count prompts where TRL counts completions: 8 prompts a step with G = 8 are 64 completions.
"""

from __future__ import annotations

import dataclasses
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from perception20k.core.errors import UserError
from perception20k.core.from_plain import build, suggestion
from trainer.data import prompts
from trainer.training.recipe_keys import AnyRecipe, CommonRecipe, Recipe, SupervisedRecipe
from trainer.training.rewards import description, grounding, q_insight, scoring, thurstone
from trainer.training.rewards.of_rollouts import Reward

REWARDS: dict[str, Reward | None] = {
    "description": description.description,
    "grounding": grounding.grounding,
    "answer": scoring.answer,
    "format": scoring.format,
    "probability": None,
    "q_insight_score": q_insight.q_insight_score,
    "degradation_class": q_insight.degradation_class,
    "degradation_level": q_insight.degradation_level,
    "q_insight_format": q_insight.q_insight_format,
    "fidelity": None,
    "visualquality_format": thurstone.visualquality_format,
}
"""Every reward by its name in recipes and logs; None for those that the trainer makes for a recipe."""

SCALES = {
    "answer": (scoring.LOW, scoring.HIGH),
    "probability": (scoring.LOW, scoring.HIGH),
    "q_insight_score": (1.0, 5.0),
}
"""The scale on which a reward compares scores with MOS; the others take any."""


class _Loader(yaml.SafeLoader):
    """Reads 1e-6 as the number it is; YAML 1.1 wants 1.0e-6."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def names() -> list[str]:
    """The recipes that ship with the project."""
    return sorted(
        Path(entry.name).stem for entry in (files("trainer.training") / "recipes").iterdir() if ".yaml" in entry.name
    )


def load(recipe: str, changes: tuple[str, ...] = ()) -> AnyRecipe:
    """The recipe named ``recipe``, or the one in that YAML file, with ``key=value`` changes applied.

    Raises:
        UserError: no such recipe, an unknown key or value, a number out of range.
    """
    data = _read(recipe)
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError(f"--set {change}: expected key=value", code=2)
        target = data
        *parents, last = key.strip().split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise UserError(f"--set {change}: {parent} has no keys below it", code=2)
        try:
            target[last] = yaml.load(value, _Loader)
        except (yaml.YAMLError, ValueError):  # ValueError: a date that is none
            raise UserError(f"--set {change}: the value is not YAML", code=2) from None
    if data.get("vllm") is False:
        data["vllm"] = "off"  # YAML's own reading of a bare off
    kind = SupervisedRecipe if data.get("method") == "sft" else Recipe
    loaded: AnyRecipe = build(kind, data, recipe)
    _check(loaded)
    if isinstance(loaded, Recipe):
        _check_rewards(loaded)
    return loaded


def dump(recipe: CommonRecipe) -> str:
    """The recipe as YAML, every key written out."""
    data = dataclasses.asdict(recipe)
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}
    return yaml.safe_dump(plain, sort_keys=False)


def _read(recipe: str) -> dict[str, Any]:
    shipped = recipe in names()
    if not shipped and not recipe.endswith((".yaml", ".yml")):
        raise UserError(f"{recipe}: no such recipe", suggestion(recipe, names()), code=2)
    path = files("trainer.training") / "recipes" / f"{recipe}.yaml" if shipped else Path(recipe)
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise UserError(f"{recipe}: no such recipe file", code=2) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{recipe}: not a YAML file: {' '.join(str(error).split())}", code=2) from None
    if not isinstance(data, dict):
        raise UserError(f"{recipe}: expected keys and values", code=2)
    if "base" not in data:
        return data
    base = _read(str(data.pop("base")))
    inherited, own = base.get("rewards") or {}, data.get("rewards") or {}
    if isinstance(inherited, dict) and isinstance(own, dict):  # whatever else it is, is refused when it is checked
        data["rewards"] = {**inherited, **own}
    return {**base, **data}


def _check(recipe: CommonRecipe) -> None:
    for key in ("prompt", "system"):
        name = getattr(recipe, key)
        if name is not None and name not in prompts.names():
            raise UserError(f"{recipe.name}: {key}: no prompt '{name}'", suggestion(name, prompts.names()), code=2)
    mos_range = recipe.mos_range
    evaluated = recipe.evaluate_every or recipe.save_every
    _hold(
        recipe,
        ("warmup", recipe.warmup < recipe.epochs, "below the number of epochs"),
        ("mos_range", mos_range is None or mos_range[0] < mos_range[1], "two numbers, the low end first"),
        ("four_bit", not recipe.four_bit or recipe.lora_rank > 0, "false without an adapter (lora_rank)"),
        ("prompt", "mos" not in recipe.data or recipe.prompt is not None, "given for scoring data"),
        ("evaluate_every", evaluated % recipe.save_every == 0, "a multiple of save_every, so that the best is kept"),
    )


def _check_rewards(recipe: Recipe) -> None:
    for name in recipe.rewards:
        if name not in REWARDS:
            raise UserError(f"{recipe.name}: unknown reward '{name}'", suggestion(name, REWARDS), code=2)
    counted = recipe.weighted_rewards()
    eq6 = recipe.advantage == "refine-iqa"
    _hold(
        recipe,
        ("rewards", bool(counted), "at least one with a weight"),
        ("advantage", not eq6 or {"answer", "format"} <= set(counted), "group without answer and format"),
    )
    for name in counted:
        scale = SCALES.get(name)
        if scale is not None and "mos" in recipe.data and recipe.mos_range != scale:
            raise UserError(
                f"{recipe.name}: mos_range must be [{scale[0]:g}, {scale[1]:g}], the scale of the reward '{name}'",
                code=2,
            )


def _hold(recipe: CommonRecipe, *rules: tuple[str, bool, str]) -> None:
    """Refuse a recipe whose key breaks a rule."""
    for key, holds, rule in rules:
        if not holds:
            raise UserError(f"{recipe.name}: {key} must be {rule}", code=2)
