"""The keys of a recipe, in the papers' words: what is trained, on what, and how.

:class:`Recipe` is reinforcement, :class:`SupervisedRecipe` a supervised warm start before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from perception20k.core.from_plain import checked

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


@checked
@dataclass(frozen=True, kw_only=True)
class CommonRecipe:
    """What both kinds of training share. The first part is the paper's, the second the machine's."""

    name: str
    source: str
    """Paper, section and table the numbers come from."""
    data: str
    """What is trained on; each kind of recipe says what there is."""
    prompts_per_step: Count
    """Prompts rolled out, or answered, at a time, over all processes."""
    epochs: Count
    learning_rate: Positive
    schedule: Literal["cosine", "linear", "constant"]
    prompt: str | None = None
    """Prompt of the scoring task; see ``trainer/data/prompts``."""
    system: str | None = None
    mos_range: tuple[float, float] | None = None
    """MOS are scaled linearly from their own scale to this one; null leaves them as published."""
    use_validation: bool = False
    """Whether the validation part of MOS tables is trained on too."""
    accumulation: Count = 1
    """Times ``prompts_per_step`` prompts are taken before the optimizer steps."""
    warmup: Annotated[float, Field(ge=0)] = 0.0
    """Epochs over which the learning rate rises."""
    weight_decay: float = 0.0
    max_pixels: Count = 1920 * 1080
    """Largest image the model is given, unless its processor allows less."""

    per_device: Count | None = None
    """Completions in one forward and backward pass on one device; null: G, or one without groups."""
    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of a LoRA adapter on the language model's attention and MLP; 0 trains all weights."""
    four_bit: bool = False
    """Whether the frozen weights below an adapter are held in four bits (QLoRA)."""
    gradient_checkpointing: bool = True
    max_steps: Count | None = None
    """Stop after so many optimizer steps; null: after the epochs."""
    save_every: Count = 100
    """Optimizer steps between checkpoints."""
    evaluate_every: Count | None = None
    """Optimizer steps between evaluations on held-out prompts; null: none are held out."""
    evaluate_on: Count = 64
    """Prompts that are held out."""
    trackers: tuple[str, ...] = ()
    """``tensorboard``, ``wandb`` and whatever else transformers reports to. The run's own log needs none."""
    seed: int = 0
    trl: dict[str, Any] = field(default_factory=dict)
    """Any other setting of TRL's trainer, such as ``max_grad_norm``, and ``attn_implementation``."""


@checked
@dataclass(frozen=True, kw_only=True)
class SupervisedRecipe(CommonRecipe):
    """Right answers are learnt word for word, without a think part."""

    method: Literal["sft"]
    data: Literal["rft", "mos", "rft and mos"]
    """``rft``: shards of a dataset. ``mos``: MOS tables."""


@checked
@dataclass(frozen=True, kw_only=True)
class Recipe(CommonRecipe):
    """Reinforcement by a paper's rewards."""

    data: Literal["rft", "mos", "mos and degradation", "degradation"]
    """``rft``: shards of a dataset. ``mos``: MOS tables. ``mos and degradation``: both, originals distorted.
    ``degradation``: those alone."""
    rewards: dict[str, Annotated[float, Field(ge=0)]]
    """Reward name to weight; weight 0 switches it off."""
    group_size: Annotated[int, Field(ge=2)]
    """G (K in VisualQuality-R1): rollouts of one prompt."""
    beta: Annotated[float, Field(ge=0)]
    """Weight of the KL penalty; 0 loads no reference model."""
    loss: Literal["grpo", "dapo"]
    """``grpo`` averages over a rollout's tokens and then over rollouts; ``dapo`` over all tokens (Eq. 7)."""
    max_completion: Count
    """Most tokens of a rollout."""
    think: bool = True
    """Whether the prompt asks for a think part, whose length is then watched."""
    clip: Positive = 0.2
    """Epsilon of the clipped importance ratio."""
    temperature: Positive = 1.0
    advantage: Literal["group", "refine-iqa"] = "group"
    """``group``: standardised within the group. ``refine-iqa``: its Eq. 6."""
    comparison: Annotated[int, Field(ge=2)] | None = None
    """Images that are compared with each other, all from one dataset (B in VisualQuality-R1)."""
    fidelity: Literal["continuous", "binary"] = "continuous"
    variance: Literal["sample", "fixed"] = "sample"
    """``fixed``: VisualQuality-R1's Eq. 7 with both variances one."""
    average_probability: bool = False
    """VisualQuality-R1's Eq. 7 with the variances of the samples."""
    vllm: Literal["off", "colocate", "server"] = "off"
    """Whether vLLM makes the rollouts."""
    vllm_memory: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of a GPU's memory that a colocated vLLM takes."""
    vllm_server: str | None = None
    """Base URL of the vLLM server; null: port 8000 of this machine."""
    samples_every: Count = 50
    """Optimizer steps between sample pages."""

    def weighted_rewards(self) -> dict[str, float]:
        """The rewards that count."""
        return {name: weight for name, weight in self.rewards.items() if weight}


AnyRecipe = Recipe | SupervisedRecipe
