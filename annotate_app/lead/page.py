"""The gallery as a Gradio page: filters, thumbnails, a sample beside its source, and how the review stands."""

from __future__ import annotations

import os
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import gradio as gr
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from annotate_app.lead.gallery import COLUMNS, Gallery
from annotate_app.lead.playground import MAX_PHOTO, playground_tab
from annotate_app.lead.study import Study
from annotate_app.lead.tabs import agreement_tab, deletions_tab, export_tab, progress_tab, sample_table
from annotate_app.web.guard import GRADIO_POLICY, Guard

PAGE_SIZE = 48
_ANY = "any"


def create_app(gallery: Gallery) -> ASGIApp:
    """The page over ``gallery``. It answers to this computer's own names alone."""
    app = FastAPI(openapi_url=None)
    add_pages(app, gallery, "/")
    return Guard(app, {}, GRADIO_POLICY, max_body=MAX_PHOTO)


def add_pages(
    app: FastAPI, gallery: Gallery, path: str, study: Study | None = None, root_path: str | None = None
) -> None:
    """Mount the pages at ``path``; with ``study`` also the lead's.

    ``root_path`` is their address where a proxy serves them.
    """
    # Fonts of the system: Gradio's themes fetch theirs from another host.
    theme = gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    options: dict[str, Any] = {"footer_links": [], "run_history": False, "ssr_mode": False, "theme": theme}
    gr.mount_gradio_app(app, _blocks(gallery, study), path=path, root_path=root_path, **options)
    mount = app.router.routes[-1]
    if root_path is not None and isinstance(mount, Mount):
        mount.app = _below(path, mount.app)


def _below(path: str, pages: ASGIApp) -> ASGIApp:
    """``pages`` with ``path`` taken off every request. Given the address of a proxy, Gradio's application does not know
    where it is mounted, and would look for ``path`` among its own routes.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        inside = scope["path"].removeprefix(path) or "/"
        await pages({**scope, "path": inside, "raw_path": inside.encode()}, receive, send)

    return serve


def _blocks(gallery: Gallery, study: Study | None) -> gr.Blocks:
    def search(page: float, *wanted: str) -> tuple[Any, list[str], str]:
        chosen = {name: None if value == _ANY else value for name, value in zip(COLUMNS, wanted, strict=True)}
        found = gallery.find(chosen)
        pages = max(1, -(-len(found) // PAGE_SIZE))
        place = min(max(int(page or 1), 1), pages) - 1
        shown = found[place * PAGE_SIZE : (place + 1) * PAGE_SIZE]
        return (
            [gallery.thumbnail(name) for name in shown],
            shown,
            f"{len(found)} samples, page {place + 1} of {pages}; the least visible first",
        )

    def show(shown: list[str], event: gr.SelectData) -> tuple[Any, ...]:
        name = shown[event.index]
        return *gallery.pair(name), gallery.about(name), gallery.history(name)

    with gr.Blocks(title="Perception20K", analytics_enabled=False, fill_width=True) as blocks:
        gr.Markdown(f"# {gallery.dataset.layout.root.resolve().name}")
        with gr.Tab("Gallery"):
            with gr.Row():
                filters = [gr.Dropdown([_ANY, *gallery.choices(name)], value=_ANY, label=name) for name in COLUMNS]
                page = gr.Number(1, label="page", precision=0, minimum=1)
            count = gr.Markdown()
            shown = gr.State([])
            grid = gr.Gallery(columns=6, height=420, allow_preview=False, show_label=False)
            with gr.Row():
                source = gr.Image(
                    label="Source, with the box", interactive=False, format="png", buttons=["fullscreen", "download"]
                )
                sample = gr.Image(label="Sample", interactive=False, format="png", buttons=["fullscreen", "download"])
            with gr.Row():
                about = sample_table()
                history = gr.Dataframe(
                    headers=["reviewer", "session", "shown as", "decision", "reason"],
                    label="Decisions that stand",
                    interactive=False,
                )
            for control in (*filters, page):
                control.change(search, [page, *filters], [grid, shown, count])
            grid.select(show, shown, [source, sample, about, history])
            blocks.load(search, [page, *filters], [grid, shown, count])
        if study is not None:
            progress_tab(study, blocks)
            deletions_tab(study, gallery, blocks)
            agreement_tab(study)
            export_tab(study)
            return blocks
        with gr.Tab("Progress"):
            sessions = gr.Dataframe(
                headers=["reviewer", "session", "items", "decided", "deleted", "state"],
                label="Sessions, read again every five seconds",
                interactive=False,
            )
            gr.Timer(5).tick(gallery.progress, outputs=sessions)
            blocks.load(gallery.progress, outputs=sessions)
        playground_tab(gallery, blocks)
    return blocks
