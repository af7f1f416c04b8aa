"""Options of the commands that ask a model: ``evaluate`` and ``score``."""

from __future__ import annotations

from collections.abc import Callable

import click

_ASKING = (
    click.option("--batch", default=8, show_default=True, type=click.IntRange(1), help="Questions asked at once."),
    click.option("--max-tokens", default=1024, show_default=True, type=click.IntRange(1), help="Longest answer."),
    click.option(
        "--max-pixels", default=1920 * 1080, show_default=True, type=click.IntRange(1), help="Largest image shown."
    ),
    click.option(
        "--server",
        metavar="URL|vllm|off",
        help="Ask MODEL at this OpenAI-compatible server (key in OPENAI_API_KEY), at a vLLM server started for the run,"
        " or in this process.  [default: vllm if it is installed and there is a CUDA GPU]",
    ),
    click.option("--timeout", default=120.0, show_default=True, help="Seconds a server's reply may take."),
)


def asking_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` the options that become a :class:`trainer.evaluation.predictors.Asking`."""
    for option in reversed(_ASKING):
        command = option(command)
    return command
