"""The rewards: pure functions ``(completions, task, *columns) -> list[float | None]``, None for another task.

One module a paper's reward; :data:`trainer.training.recipe.REWARDS` names them all.
"""
