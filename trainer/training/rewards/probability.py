"""Refine-IQA's probability-difference reward (Eqs. 2 to 5): does thinking make the true score more likely?

For every well-formed rollout the score is taken out and the ground truth put in its place, the rollout's own
tokens before it kept; one forward pass gives the probabilities of the true digits after that thinking. The same
digits after the fixed no-think answer give the reference, once a prompt. The difference is clipped to 0..1 and
counts only where answer and format are right. Both passes use the present policy and leave no gradient.

The digits are found by character, so neither the answer's length nor the tokens around it matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from perception20k.core.errors import UserError
from trainer.data import answers, prompts
from trainer.models import text_of_tokens, token_before_end
from trainer.training.rewards import scoring

WEIGHTS = (1.0, 0.1)
"""Eq. 2's weights of the digit before the point and the one after it."""

_NO_THINK_PROMPT = "refine-iqa-no-think.v1"
_NO_THINK_ANSWER = "<answer>Score: "


class Ending(NamedTuple):
    """What follows a prompt, up to the last digit of the true score."""

    ids: list[int]
    digits: list[int]
    """Where in ``ids`` the digits stand."""


class Query(NamedTuple):
    """A prompt with its images, and the ending whose digits are asked for."""

    prompt: list[prompts.Message]
    ending: Ending


def true_score(mos: float) -> str:
    """A MOS on 0..5 with one decimal. The scale is half open, so 4.9 is the highest.

    >>> true_score(3.44), true_score(5.0)
    ('3.4', '4.9')
    """
    return f"{min(round(mos, 1), 4.9):.1f}"


def write_score(tokenizer: Any, before: str, mos: float) -> Ending:
    """The tokens of ``before`` followed by the true score.

    Raises:
        UserError: the tokenizer joins a digit with its neighbours, so it has no probability of its own.
    """
    truth = true_score(mos)
    encoded = tokenizer(before + truth, add_special_tokens=False, return_offsets_mapping=True)
    wanted = [len(before), len(before) + 2]
    spans = encoded["offset_mapping"]
    digits = [i for i, (start, end) in enumerate(spans) if end - start == 1 and start in wanted]
    if len(digits) != len(wanted):
        raise UserError("the tokenizer joins digits", "The probability reward needs single-digit tokens")
    return Ending(list(encoded["input_ids"][: digits[-1] + 1]), digits)


def replace_score(tokenizer: Any, ids: Sequence[int], mos: float) -> Ending | None:
    """A rollout with the true score in place of its own; None if it is not well formed.

    The tokens before the score stay as they were drawn. Should a token reach from the text before into the
    score, that token's text is written anew.
    """
    text = text_of_tokens(tokenizer, ids)
    if not scoring.is_formatted(text):
        return None
    found = re.search(r"[0-9]\.[0-9]", text[text.index("<answer>") :])
    assert found is not None, "a well-formed answer holds a score"
    rest = len(text) - text.index("<answer>") - found.start()
    cut, tail = token_before_end(tokenizer, ids, rest)
    written = write_score(tokenizer, tail[: len(tail) - rest], mos)
    return Ending([*ids[:cut], *written.ids], [cut + place for place in written.digits])


def no_think(tokenizer: Any, prompt: list[prompts.Message], mos: float) -> Query:
    """The no-think question about the images of ``prompt``, answered with the true score."""
    images = [part for message in prompt for part in message["content"] if part["type"] == "image"]
    question = {"type": "text", "text": prompts.prompt(_NO_THINK_PROMPT)}
    message = {"role": "user", "content": [*images, question]}
    return Query([message], write_score(tokenizer, _NO_THINK_ANSWER, mos))


@torch.no_grad()
def digit_probabilities(model: Any, processor: Any, queries: Sequence[Query], device: Any) -> torch.Tensor:
    """The probability of each true digit (softmax over the vocabulary), float32 of shape (queries, 2).

    One forward pass. All sequences end at their last digit and are padded on the left, so that only the logits of
    the last few places are worked out.
    """
    encoded = processor.apply_chat_template(
        [query.prompt for query in queries], add_generation_prompt=True, tokenize=True, return_dict=True
    )
    inputs = {key: value for key, value in encoded.items() if isinstance(value, torch.Tensor)}
    rows = [[*ids, *query.ending.ids] for ids, query in zip(encoded["input_ids"], queries, strict=True)]
    inputs["input_ids"] = _left_padded(rows, processor.tokenizer.pad_token_id)
    inputs["attention_mask"] = _left_padded([[1] * len(row) for row in rows], 0)
    if "mm_token_type_ids" in encoded:
        kinds = encoded["mm_token_type_ids"]
        rows = [[*kind, *[0] * len(query.ending.ids)] for kind, query in zip(kinds, queries, strict=True)]
        inputs["mm_token_type_ids"] = _left_padded(rows, 0)
    # A digit at place p of an ending of n tokens is predicted n - p + 1 places from the end.
    back = [[len(query.ending.ids) - place + 1 for place in query.ending.digits] for query in queries]
    keep = max(max(places) for places in back)
    inputs = {key: value.to(device) for key, value in inputs.items()}
    logits: torch.Tensor = model(**inputs, logits_to_keep=keep, use_cache=False).logits.float()
    places = torch.tensor([[keep - place for place in row] for row in back], device=logits.device)
    truth = torch.tensor([[q.ending.ids[p] for p in q.ending.digits] for q in queries], device=logits.device)
    chances = logits.softmax(-1)[torch.arange(len(queries))[:, None], places]
    return torch.gather(chances, -1, truth[:, :, None])[:, :, 0]


class ProbabilityDifference:
    """The reward of Eqs. 2 to 5 for TRL; the trainer hands itself over with :meth:`bind`."""

    __name__ = "probability"

    def __init__(self) -> None:
        self._trainer: Any = None

    def bind(self, trainer: Any) -> None:
        """Give the trainer whose present model is asked."""
        self._trainer = trainer

    def __call__(
        self,
        prompts: Sequence[list[prompts.Message]],
        completions: Sequence[answers.Completion],
        completion_ids: Sequence[Sequence[int]],
        task: Sequence[str],
        mos: Sequence[float | None],
        row_id: Sequence[str],
        log_metric: Any,
        **_: Any,
    ) -> list[float | None]:
        """Rewards in 0..1, None for another task."""
        tokenizer = self._trainer.processing_class.tokenizer
        asked = enumerate(zip(task, mos, strict=True))
        truths = {i: truth for i, (name, truth) in asked if name == "score" and truth is not None}
        endings = {i: replace_score(tokenizer, completion_ids[i], truth) for i, truth in truths.items()}
        formed = {i: ending for i, ending in endings.items() if ending is not None}
        first = {row_id[i]: i for i in reversed(truths)}
        queries = [Query(prompts[i], ending) for i, ending in formed.items()]
        queries += [no_think(tokenizer, prompts[i], truths[i]) for i in first.values()]
        spare = no_think(tokenizer, prompts[0], 0.0)
        values = self._weighted(queries, spare)
        think = dict(zip(formed, values, strict=False))
        reference = dict(zip(first, values[len(formed) :], strict=True))

        rewards: list[float | None] = [None] * len(completions)
        for i, truth in truths.items():
            right = i in think and scoring.is_right(answers.text_of(completions[i]), truth)
            rewards[i] = min(max(think[i] - reference[row_id[i]], 0.0), 1.0) if right else 0.0
            log_metric("probability/counted", float(right))
        for value in think.values():
            log_metric("probability/think", value)
        for value in reference.values():
            log_metric("probability/reference", value)
        return rewards

    def _weighted(self, queries: Sequence[Query], spare: Query) -> list[float]:
        """Eq. 2 for every query.

        Every process runs the same number of forward passes, the shorter lists filled up with ``spare``: under
        ZeRO-3 a pass is a collective act, and a process that skipped one would leave the others waiting.
        """
        trainer = self._trainer
        size = trainer.args.per_device_train_batch_size
        own = torch.tensor([math.ceil(len(queries) / size)], device=trainer.accelerator.device)
        rounds = int(trainer.accelerator.gather(own).max())
        weights = torch.tensor(WEIGHTS, device=trainer.accelerator.device)
        values: list[float] = []
        with _evaluating(trainer.model), trainer.accelerator.autocast():
            for start in range(0, rounds * size, size):
                batch = queries[start : start + size] or [spare]
                chances = digit_probabilities(
                    trainer.model, trainer.processing_class, batch, trainer.accelerator.device
                )
                values += (chances * weights).sum(-1).tolist()
        return values[: len(queries)]


@contextmanager
def _evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Without dropout and gradient checkpointing, as it was afterwards."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _left_padded(rows: Sequence[Sequence[int]], value: int) -> torch.Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[value] * (width - len(row)) + list(row) for row in rows])
