"""The rewards: pure functions ``(completions, **columns) -> list[float | None]``, None for another task's row.

One module a paper's reward; :data:`trainer.recipe.REWARDS` names them all.
"""
