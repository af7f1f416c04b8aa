"""``perception20k build``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from perception20k.annotations.near import format_of
from perception20k.cli.options import workers_option
from perception20k.config import Config, default_config, load_config
from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.build import Built, build, check_inputs
from perception20k.pipeline.choose import choose
from perception20k.pipeline.measure_sample import measure_sample
from perception20k.pipeline.scope import STAGES, BuildScope
from perception20k.pipeline.surroundings import look_around
from perception20k.publish.card import review_sentence
from perception20k.publish.export import Exported

if TYPE_CHECKING:
    from perception20k.execution.ray import RayExecutor


@click.command
@click.argument("what", nargs=-1, metavar="[CONFIG | PHOTOS...]")
@click.option(
    "-o",
    "--out",
    default="dataset",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The dataset directory.",
)
@workers_option
@click.option(
    "--executor",
    "engine",
    default="local",
    show_default=True,
    type=click.Choice(["local", "ray"]),
    help="Processes on this machine, or a Ray cluster (RAY_ADDRESS; without it one is started here).",
)
@click.option("--dry-run", is_flag=True, help="Report what is done and what is left to do; write nothing.")
@click.option(
    "--estimate",
    is_flag=True,
    help="Measure a sample of 20 files and estimate what the build will take: images, API tokens, price, disk, time.",
)
@click.option("--limit", type=click.IntRange(1), help="Take only the first LIMIT files of the sources.")
@click.option("--only", type=click.Choice(STAGES), help="Run one stage; the others contribute their earlier results.")
@click.option(
    "--retry-failed",
    is_flag=False,
    flag_value="all",
    type=click.Choice((*STAGES, "all")),
    help="Forget the failures of a stage, or of all, and try those items again.",
)
@click.option("--sources", multiple=True, help="New location of the config's sources, if they moved; repeatable.")
@click.option("--force", is_flag=True, help="Continue even if OUT is a dataset of another configuration.")
@click.option("--allow-unverified", is_flag=True, help="Export even if review deletions are not verified.")
def command(
    what: tuple[str, ...],
    out: Path,
    workers: int,
    engine: str,
    dry_run: bool,
    estimate: bool,
    limit: int | None,
    only: str | None,
    retry_failed: str | None,
    sources: tuple[str, ...],
    force: bool,
    allow_unverified: bool,
) -> None:
    """Build a dataset from photos and videos.

    PHOTOS are folders, photos, videos, globs, URLs, or one annotation file. The command prints in three lines what it
    does with them, and why; `perception20k init PHOTOS` writes that to a CONFIG. With neither, the photos that ship
    with the project are used. CONFIG is a YAML file:

    \b
        sources: [photos/]
        annotations: {coco: photos/instances.json}
        score: null                 # or a list of {metric: qalign, min: 80}
        samples_per_object: 4
        seed: 3

    Without annotations, models name the objects and box them: docs/curation.md. To resume a build that was
    stopped, run the same command again. Unreadable photos and whatever the filters drop are listed with their
    reasons in OUT/quarantine; those that failed are not tried again without --retry-failed.

    \b
    Examples:
        perception20k build
        perception20k build photos/ --out my-dataset
        perception20k build hf://datasets/NAME --out my-dataset
        perception20k build my.yaml --out my-dataset --workers 2
        perception20k build my.yaml --estimate                  # before starting
        perception20k build my.yaml --out my-dataset --dry-run  # what is left to do
        perception20k build my.yaml --out my-dataset --sources /mnt/photos    # the same photos, moved
    """
    wanted = _config(what, out)
    if retry_failed and dry_run:
        raise UserError("--retry-failed changes the journal, --dry-run changes nothing", "Give one of them", code=2)
    if estimate and (dry_run or only or retry_failed):
        raise UserError(
            "--estimate covers a whole build", "Give it without --dry-run, --only and --retry-failed", code=2
        )
    if estimate:
        check_inputs(wanted)
        with _executor("local", workers) as executor:
            wanted = replace(wanted, sources=sources or wanted.sources)
            measured = measure_sample(wanted, executor, workers, limit=limit, reporter=Reporter())
        click.echo("\n".join(measured.lines))
        return
    scope = BuildScope(limit=limit, only=only, retry_failed=retry_failed, dry_run=dry_run)
    # Where a relative path starts, only this process knows.
    sources = tuple(spec if ":" in spec else str(Path(spec).expanduser().absolute()) for spec in sources)
    with _executor(engine, workers) as executor:
        built = build(
            wanted, out, executor, scope=scope, sources=sources, force=force, allow_unverified=allow_unverified
        )
    if built.exported is not None:
        click.echo(_summary(built, built.exported, out))


def _config(what: tuple[str, ...], out: Path) -> Config:
    """The configuration in a file, or one chosen for photos, which is said."""
    if not what:
        return default_config()
    if len(what) == 1 and Path(what[0]).suffix.lower() in (".yaml", ".yml") and format_of(Path(what[0])) is None:
        return load_config(Path(what[0]))
    choice = choose(what, look_around(), without=out)
    click.echo("\n".join(choice.lines))
    return choice.config


def _executor(engine: str, workers: int) -> LocalExecutor | RayExecutor:
    if engine == "local":
        return LocalExecutor(workers)
    require("--executor ray", "ray", "ray")
    from perception20k.execution.ray import RayExecutor

    return RayExecutor(workers)


def _summary(built: Built, exported: Exported, out: Path) -> str:
    """The closing lines: what there is, where to look, what to do next."""
    layout, dataset = Layout(out), quote(str(out))
    if not exported.changed and not built.items_processed:
        return f"Nothing to do: {exported.samples} samples in {out} are up to date."
    rft = ", ".join(f"{count} {part}" for part, count in exported.rft.items())
    lines = [
        "",
        f"{out}: {exported.samples} samples from {built.source_images} source images; RFT samples: {rft}.",
        review_sentence(exported.review),
        "",
        f"  Look    {layout.figures / 'samples-01.png'}   contact sheet",
        f"          {layout.card}   the dataset card",
        f"          {layout.quarantine}/   what was left out, and why",
        f"  Review  perception20k review {dataset}",
        f"  Export  perception20k export {dataset}   after a review",
        f"  Train   perception20k train refine-iqa-stage1 --data {dataset} --model MODEL --out RUN",
    ]
    return "\n".join(lines)
