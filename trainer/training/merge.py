"""A trained adapter merged into its base: a whole model that any program loads."""

from __future__ import annotations

from pathlib import Path

from perception20k.core.errors import UserError
from trainer import models
from trainer.training.model_card import write_card
from trainer.training.run_directory import steps_of


def merge(run: Path, out: Path) -> None:
    """Write the whole model of ``run``'s adapter, with its processor and card, to ``out``.

    Args:
        run: a training run's directory, or that of an adapter (``RUN/model``, ``RUN/checkpoint-100``).
        out: a new directory, written aside and renamed.

    Raises:
        UserError: ``run`` holds no adapter, or there is something at ``out``.
    """
    adapter = run if models.is_adapter(run) else run / "model"
    if not models.is_adapter(adapter):
        whole = models.has_weights(run) or models.has_weights(adapter)
        hint = "It is a whole model already" if whole else "Give a run that trained with lora_rank"
        raise UserError(f"{run}: no adapter in it", hint)
    if out.exists():
        raise UserError(f"{out}: the folder is not empty", "Choose another --out")
    models.plain_model(str(adapter), out, models.load_processor(str(adapter)))
    if (adapter.parent / "recipe.yaml").is_file():
        checkpoint = (adapter / "trainer_state.json").is_file()
        write_card(adapter.parent, out, steps_of(str(adapter)) if checkpoint else None)
