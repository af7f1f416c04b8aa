"""A training recipe: one typed YAML with a paper's hyper-parameters, in the paper's words.

``trainer/training/recipes/`` holds the papers' own. A user's file may start from one of them::

    base: refine-iqa-stage2
    prompts_per_step: 4
    advantage: group          # the ablation without Eq. 6

Papers count prompts where TRL counts completions: 8 prompts a step with G = 8 are 64 completions.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from perception20k.core.errors import UserError
from perception20k.core.from_plain import build, checked, suggestion
from trainer.data import prompts
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

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]

SCALES = {
    "answer": (scoring.LOW, scoring.HIGH),
    "probability": (scoring.LOW, scoring.HIGH),
    "q_insight_score": (1.0, 5.0),
}
"""The scale on which a reward compares scores with MOS; the others take any."""


@checked
@dataclass(frozen=True)
class Recipe:
    """What is trained, on what, and how. The first part is the paper's, the second the machine's."""

    name: str
    source: str
    """Paper, section and table the numbers come from."""
    data: Literal["rft", "mos", "mos and degradation", "degradation"]
    """``rft``: shards of ours. ``mos``: MOS tables. ``mos and degradation``: both, originals distorted.
    ``degradation``: those alone."""
    rewards: dict[str, Annotated[float, Field(ge=0)]]
    """Reward name to weight; weight 0 switches it off."""
    group_size: Annotated[int, Field(ge=2)]
    """G (K in VisualQuality-R1): rollouts of one prompt."""
    prompts_per_step: Count
    """Prompts rolled out at a time, over all processes."""
    epochs: Count
    learning_rate: Positive
    schedule: Literal["cosine", "linear", "constant"]
    beta: Annotated[float, Field(ge=0)]
    """Weight of the KL penalty; 0 loads no reference model."""
    loss: Literal["grpo", "dapo"]
    """``grpo`` averages over a rollout's tokens and then over rollouts; ``dapo`` over all tokens (Eq. 7)."""
    max_completion: Count
    """Most tokens of a rollout."""
    prompt: str | None = None
    """Prompt of the scoring task; see ``trainer/data/prompts``."""
    system: str | None = None
    mos_range: tuple[float, float] | None = None
    """MOS are scaled linearly from their own scale to this one; null leaves them as published."""
    use_validation: bool = False
    """Whether the validation part of MOS tables is trained on too."""
    think: bool = True
    """Whether a think part is asked for; its length is then watched."""
    accumulation: Count = 1
    """Times ``prompts_per_step`` prompts are rolled out before the optimizer steps."""
    warmup: Annotated[float, Field(ge=0)] = 0.0
    """Epochs over which the learning rate rises."""
    weight_decay: float = 0.0
    clip: Positive = 0.2
    """Epsilon of the clipped importance ratio."""
    temperature: Positive = 1.0
    max_pixels: Count = 1920 * 1080
    """Largest image the model is given, unless its processor allows less."""
    advantage: Literal["group", "refine-iqa"] = "group"
    """``group``: standardised within the group. ``refine-iqa``: its Eq. 6."""
    comparison: Annotated[int, Field(ge=2)] | None = None
    """Images that are compared with each other, all from one dataset (B in VisualQuality-R1)."""
    fidelity: Literal["continuous", "binary"] = "continuous"
    variance: Literal["sample", "fixed"] = "sample"
    """``fixed``: VisualQuality-R1's Eq. 7 with both variances one."""
    average_probability: bool = False
    """VisualQuality-R1's Eq. 7 with the variances of the samples."""

    per_device: Count | None = None
    """Completions in one forward and backward pass on one device; null: G."""
    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of a LoRA adapter on the language model's attention and MLP; 0 trains all weights."""
    gradient_checkpointing: bool = True
    vllm: Literal["off", "colocate", "server"] = "off"
    """Whether vLLM makes the rollouts."""
    vllm_memory: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of a GPU's memory that a colocated vLLM takes."""
    vllm_server: str | None = None
    """Base URL of the vLLM server; null: port 8000 of this machine."""
    max_steps: Count | None = None
    """Stop after so many optimizer steps; null: after the epochs."""
    save_every: Count = 100
    """Optimizer steps between checkpoints."""
    samples_every: Count = 50
    """Optimizer steps between sample pages."""
    trackers: tuple[str, ...] = ()
    """``tensorboard``, ``wandb`` and whatever else transformers reports to. The run's own log needs none."""
    seed: int = 0

    def weighted_rewards(self) -> dict[str, float]:
        """The rewards that count."""
        return {name: weight for name, weight in self.rewards.items() if weight}


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


def load(recipe: str, changes: tuple[str, ...] = ()) -> Recipe:
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
    loaded: Recipe = build(Recipe, data, recipe)
    _check(loaded)
    return loaded


def dump(recipe: Recipe) -> str:
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


def _check(recipe: Recipe) -> None:
    for name in recipe.rewards:
        if name not in REWARDS:
            raise UserError(f"{recipe.name}: unknown reward '{name}'", suggestion(name, REWARDS), code=2)
    for key in ("prompt", "system"):
        name = getattr(recipe, key)
        if name is not None and name not in prompts.names():
            raise UserError(f"{recipe.name}: {key}: no prompt '{name}'", suggestion(name, prompts.names()), code=2)
    scoring_data = "mos" in recipe.data
    eq6 = recipe.advantage == "refine-iqa"
    needs = {"answer", "format"}
    mos_range = recipe.mos_range
    rules = [
        ("rewards", bool(recipe.weighted_rewards()), "at least one with a weight"),
        ("advantage", not eq6 or needs <= set(recipe.weighted_rewards()), "group without answer and format"),
        ("warmup", recipe.warmup < recipe.epochs, "below the number of epochs"),
        ("mos_range", mos_range is None or mos_range[0] < mos_range[1], "two numbers, the low end first"),
        ("prompt", not scoring_data or recipe.prompt is not None, "given for scoring data"),
    ]
    for key, holds, rule in rules:
        if not holds:
            raise UserError(f"{recipe.name}: {key} must be {rule}", code=2)
    for name in recipe.weighted_rewards():
        scale = SCALES.get(name)
        if scale is not None and scoring_data and mos_range != scale:
            raise UserError(
                f"{recipe.name}: mos_range must be [{scale[0]:g}, {scale[1]:g}], the scale of the reward '{name}'",
                code=2,
            )
