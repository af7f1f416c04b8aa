"""Gradient descent that can be stopped and goes on: the loop of the two supervised pieces.

Under ``torchrun --nproc_per_node 2`` two processes share a step: each works out the gradient of its part of the batch.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import distributed
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from perception20k.core.files import written_aside

SAVE_SECONDS = 120
RANK, PROCESSES = (int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1)))
if PROCESSES > 1:
    distributed.init_process_group("gloo")


def fit(
    module: torch.nn.Module,
    loss_of: Callable[[int], torch.Tensor],
    *,
    steps: int,
    learning_rate: float,
    state: Path,
    say: str,
) -> None:
    """Take ``steps`` steps of AdamW along ``loss_of(step)``, the rate rising for a twentieth and falling as a cosine.

    The whole state is kept in ``state`` every two minutes and at the end. What a step draws must depend on its number
    alone; then a run that was stopped ends where one that was not would have.
    """
    optimizer = torch.optim.AdamW(module.parameters(), lr=learning_rate, weight_decay=0.05)
    first = 0
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        module.load_state_dict(kept["module"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["step"]
    module.train()
    saved = told = time.monotonic()
    for step in range(first, steps):
        share = step / steps
        rate = (
            learning_rate * min(1.0, (step + 1) / (0.05 * steps)) * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(step)
        loss.backward()
        _average_gradients(module)
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        now = time.monotonic()
        if RANK:
            continue
        if now - told > 30 or step + 1 == steps:
            told = now
            print(f"{say}: step {step + 1}/{steps}, loss {loss.item():.3f}", flush=True)
        if now - saved > SAVE_SECONDS or step + 1 == steps:
            saved = now
            kept = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            with written_aside(state) as aside:
                torch.save(kept, aside)


def _average_gradients(module: torch.nn.Module) -> None:
    """Over the processes; a head that a process had no use for in this step has no gradient there."""
    if PROCESSES == 1:
        return
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in module.parameters()]
    together = parameters_to_vector(gradients) / PROCESSES
    distributed.all_reduce(together)
    vector_to_parameters(together, gradients)
    for parameter, gradient in zip(module.parameters(), gradients, strict=True):
        parameter.grad = gradient


def wait_for_all() -> None:
    """Go on when every process has come so far."""
    if PROCESSES > 1:
        distributed.barrier()
