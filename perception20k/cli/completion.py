"""``perception20k completion``: click's own completion, as a script for the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and file names.

    \b
    Examples:
        perception20k completion bash > ~/.local/share/bash-completion/completions/perception20k
        perception20k completion fish > ~/.config/fish/completions/perception20k.fish
        source <(perception20k completion zsh)         # in ~/.zshrc
    """
    complete = get_completion_class(shell)
    assert complete is not None
    name = "perception20k"
    click.echo(complete(context.find_root().command, {}, name, f"_{name.upper()}_COMPLETE").source())
