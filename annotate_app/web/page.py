"""The page: one ``gr.HTML`` component that holds every screen and hands over to the scripts under ``static/``.

Gradio serves the page; keys, preloading and the outbox are the scripts', and images and decisions have routes
of their own, because a decision that waits for Gradio's queue takes ten times as long.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
from fastapi import FastAPI

from annotate_app.review.protocol import Settings
from annotate_app.web.guard import PAGE
from perception20k import __version__

_HERE = Path(__file__).parent
_START = "import('/static/main.js').then((main) => main.start(element, props.value))"
_HEAD = '<link rel="stylesheet" href="/static/review.css">'


def mount_page(app: FastAPI, settings: Settings) -> None:
    """Mount the Gradio page on ``app``."""
    # Where no event loop runs, Gradio makes one for each of its locks and never closes it; so one runs, in a
    # thread that has no other.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_mount(app, settings))).result()


async def _mount(app: FastAPI, settings: Settings) -> None:
    # Fonts of the system: Gradio's themes fetch theirs from another host.
    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    with gr.Blocks(title="Perception20K review", analytics_enabled=False, fill_width=True) as blocks:
        gr.HTML(
            value={"version": __version__, "offer_pause": settings.offer_pause, "lapse": settings.lapse},
            html_template=(_HERE / "page.html").read_text(encoding="utf-8"),
            js_on_load=_START,
            apply_default_css=False,
            elem_id="perception20k",
        )
    gr.mount_gradio_app(
        app, blocks, path=PAGE, footer_links=[], run_history=False, ssr_mode=False, theme=theme, head=_HEAD
    )
