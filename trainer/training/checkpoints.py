"""Checkpoints and model cards, where this project departs from TRL and transformers."""

from __future__ import annotations

from typing import Any

from accelerate.utils import is_peft_model


class OwnCheckpoints:
    """Mixed into a trainer of TRL's, before it."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None of TRL's: a run ends with one of its own (:mod:`trainer.training.model_card`)."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Weights of a checkpoint, by the model's own loader.

        transformers 5.23 saves Qwen2.5-VL under its older parameter names and, on resuming, looks for the new
        ones: it warns and continues with the weights it started from.
        """
        trainer: Any = self
        if is_peft_model(trainer.model) or trainer.is_fsdp_enabled:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
            return
        target = trainer.model if model is None else model
        saved = type(target).from_pretrained(resume_from_checkpoint, dtype=target.dtype)
        target.load_state_dict(saved.state_dict())
