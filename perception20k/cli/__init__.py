"""The ``perception20k`` command: parse, call one function, print.

Each command is a few lines over the library, in a file of its own: those of the pipeline beside this one, those of
the app and the trainer in ``annotate_app/cli`` and ``trainer/cli``. ``COMMANDS`` is the one table of them; a command's
module is imported when the command is run, so that ``--help`` is instant and a light install never imports missing
packages. User errors are caught here, once.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence

import click

from perception20k import __version__
from perception20k.core.errors import UserError
from perception20k.core.extras import missing

COMMANDS = {
    "build": ("perception20k.cli.build", "Build a dataset from photos and videos: the main job."),
    "init": ("perception20k.cli.init", "Write a configuration for photos that have none."),
    "rebuild": ("perception20k.cli.rebuild", "Make a dataset's images again from its recipe and the source files."),
    "verify": ("perception20k.cli.verify", "Recompute every digest of a dataset."),
    "export": ("perception20k.cli.export", "Write the shards, card, statistics and figures again, after a review."),
    "annotate": ("annotate_app.cli.annotate", "Draw boxes on photos by hand, in the browser."),
    "review": ("annotate_app.cli.review", "Judge samples by keyboard, in the browser."),
    "review-log": ("annotate_app.cli.review_log", "Write the log of a review as a table."),
    "review-report": ("annotate_app.cli.review_report", "Write a page with plots about a review."),
    "browse": ("annotate_app.cli.browse", "Look at a dataset's samples in the browser."),
    "doctor": ("perception20k.cli.doctor", "Show what is installed, or the state of a dataset and the next step."),
    "stats": ("perception20k.cli.stats", "Print a dataset's distributions."),
    "publish": ("perception20k.cli.publish", "Upload a dataset, a recipe or a model to the Hugging Face hub."),
    "fetch": ("perception20k.cli.fetch", "Download a dataset or a recipe from the hub and verify it."),
    "train": ("trainer.cli.train", "Train a vision-language model with a paper's recipe."),
    "merge": ("trainer.cli.merge", "Merge a trained adapter into a whole model."),
    "curves": ("trainer.cli.curves", "Draw a training run's curves."),
    "evaluate": ("trainer.cli.evaluate", "Compute the papers' tables for a model."),
    "score": ("trainer.cli.score", "Score your own photos with a model."),
    "compare": ("trainer.cli.compare", "Compare two evaluations."),
    "distort": ("perception20k.cli.distort", "Distort one photo, or one box of it."),
    "catalog": ("perception20k.cli.catalog", "List the distortion types, or draw them all on a photo."),
    "completion": ("perception20k.cli.completion", "Print a script for shell completion."),
}
"""Every command: its name, the module whose ``command`` is its body, and its one-line help."""

EXTRAS = {"annotate_app": "review", "trainer": "train"}
"""What the commands of these packages need beyond the light install."""


class _LazyGroup(click.Group):
    """A group that knows its commands' names from ``COMMANDS`` and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        command.name, command.short_help = cmd_name, summary
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if close:
                raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from None
            raise

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            module, _ = COMMANDS.get(ctx.invoked_subcommand or "", ("", ""))
            extra = EXTRAS.get(module.partition(".")[0])
            if extra is None or error.name is None:
                raise
            raise missing(str(ctx.invoked_subcommand), extra, error.name.partition(".")[0]) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="perception20k")
def cli() -> None:
    """Build, review, export and train on datasets of local image distortions.

    Start with `perception20k build`, which makes a small dataset from the photos that ship with the
    project, and look at what it prints at the end.
    """


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage."""
    try:
        # not click's own error handling, which makes "Aborted!" and code 1 of Ctrl-C
        code = cli.main(args=None if argv is None else list(argv), prog_name="perception20k", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except UserError as error:
        click.echo(f"perception20k: {error}", err=True)
        sys.exit(error.code)
    except OSError as error:
        click.echo(f"perception20k: {error.filename or 'system'}: {error.strerror or error}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("perception20k: interrupted; run the same command again to resume", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
