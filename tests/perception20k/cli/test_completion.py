import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from perception20k.cli import cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_the_program_itself(shell: str) -> None:
    script = CliRunner().invoke(cli, ["completion", shell], catch_exceptions=False).output
    assert f"_PERCEPTION20K_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("typed", "begun", "offered"),
    [([], "ver", ["verify"]), (["verify"], "--js", ["--json"]), (["review"], "--bat", ["--batch"])],
)
def test_commands_and_their_options_are_completed(typed: list[str], begun: str, offered: list[str]) -> None:
    complete = ShellComplete(cli, {}, "perception20k", "_PERCEPTION20K_COMPLETE")
    assert [item.value for item in complete.get_completions(typed, begun)] == offered
