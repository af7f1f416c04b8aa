"""The rewards: pure functions ``(completions, **columns) -> list[float | None]``, None elsewhere.

One module a paper's reward; :data:`trainer.training.recipe.REWARDS` names them all.
"""
