"""Options that several commands have."""

from __future__ import annotations

import os

import click

workers_option = click.option(
    "--workers",
    default=min(os.cpu_count() or 1, 16),
    show_default="one a core, at most 16",
    type=click.IntRange(1),
    help="Worker processes; the result does not depend on their number.",
)
