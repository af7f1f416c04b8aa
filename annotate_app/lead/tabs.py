"""The tabs that only the lead of a review has: progress, deletions and flags, agreement, export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from annotate_app.lead.gallery import Gallery
from annotate_app.lead.study import KINDS, PEOPLE, Study

_KEYS = Path(__file__).with_name("keys.js").read_text(encoding="utf-8")
"""C, R and N press the buttons of the tab in front."""

_WIDTHS = {"reviewer": 110, "state": 110, "over a limit": 320, "session": 320}
"""Of the columns of the people, in pixels; the others have 90."""


def sample_table() -> gr.Dataframe:
    """What a sample is, a line for each fact."""
    widths: list[str | int] = ["45%", "55%"]
    return gr.Dataframe(
        headers=["what", "value"], label="The sample", interactive=False, wrap=True, column_widths=widths
    )


def progress_tab(study: Study, blocks: gr.Blocks) -> None:
    """Reviews with their pace and signs of care, read again every five seconds, and what to do about one."""
    with gr.Tab("Progress"):
        chosen = gr.State("")
        table = gr.Dataframe(
            headers=list(PEOPLE),
            datatype=["html" if name == "over a limit" else "str" for name in PEOPLE],
            column_widths=[_WIDTHS.get(name, 90) for name in PEOPLE],
            label="Reviews, newest first; choose one",
            interactive=False,
            wrap=True,
        )
        with gr.Row():
            which = gr.Textbox(label="Chosen", interactive=False)
            why = gr.Textbox(label="Why it is set aside (its reviewer reads it)")
        with gr.Row():
            aside, back, free = gr.Button("Set aside"), gr.Button("Reinstate"), gr.Button("Give its samples back")
        said = gr.Markdown()

        def choose(event: gr.SelectData) -> tuple[str, str]:
            row = event.row_value
            return row[-1], f"{row[0]}: {row[1]}, {row[2]}"

        table.select(choose, None, [chosen, which])
        aside.click(study.set_aside, [chosen, why], said)
        back.click(study.reinstate, chosen, said)
        free.click(study.give_back, chosen, said)
        gr.Timer(5).tick(study.people, outputs=table)
        blocks.load(study.people, outputs=table)


def deletions_tab(study: Study, gallery: Gallery, blocks: gr.Blocks) -> None:
    """Samples that need a second look, one after another, decided by key."""

    def find(kind: str) -> tuple[Any, ...]:
        cases = study.cases(kind)
        return [gallery.thumbnail(name) for name in cases[:96]], cases, f"{len(cases)} samples", *show(cases, 0)

    def show(cases: list[str], place: int) -> tuple[Any, ...]:
        if not 0 <= place < len(cases):
            return place, None, None, [], []
        name = cases[place]
        notes = [["comment", *row] for row in study.comments(name)]
        history = [[row[0], f"{row[1]}, {row[2]}", f"{row[3]} {row[4]}".strip()] for row in gallery.history(name)]
        return place, *gallery.pair(name), gallery.about(name), history + notes

    def decide(cases: list[str], place: int, verdict: str) -> tuple[Any, ...]:
        if not 0 <= place < len(cases):
            return "Nothing is left here.", *show(cases, place)
        said = study.adjudicate(cases[place], verdict)
        return said, *show(cases, min(place + 1, len(cases)))

    with gr.Tab("Deletions and flags") as tab:
        cases, place = gr.State([]), gr.State(0)
        with gr.Row():
            kind = gr.Radio(list(KINDS), value=KINDS[0], label="Which samples")
            refresh = gr.Button("Look again")
        count = gr.Markdown()
        grid = gr.Gallery(columns=8, height=220, allow_preview=False, show_label=False)
        with gr.Row():
            confirm = gr.Button("Confirm the deletion (C)", elem_id="confirm")
            restore = gr.Button("Restore the sample (R)", elem_id="restore")
            following = gr.Button("Next (N)", elem_id="next")
        said = gr.Markdown()
        with gr.Row():
            source = gr.Image(
                label="Source, with the box", interactive=False, format="png", buttons=["fullscreen", "download"]
            )
            sample = gr.Image(label="Sample", interactive=False, format="png", buttons=["fullscreen", "download"])
        with gr.Row():
            about = sample_table()
            history = gr.Dataframe(headers=["who", "where", "what"], label="Decisions and comments", interactive=False)
        shown = [place, source, sample, about, history]
        kind.change(find, kind, [grid, cases, count, *shown])
        refresh.click(find, kind, [grid, cases, count, *shown])
        tab.select(find, kind, [grid, cases, count, *shown])

        def select(names: list[str], event: gr.SelectData) -> tuple[Any, ...]:
            return show(names, event.index)

        grid.select(select, cases, shown)
        confirm.click(lambda names, k: decide(names, k, "confirm"), [cases, place], [said, *shown])
        restore.click(lambda names, k: decide(names, k, "restore"), [cases, place], [said, *shown])
        following.click(lambda names, k: show(names, (k + 1) % max(1, len(names))), [cases, place], shown)
        blocks.load(None, js=_KEYS)


def agreement_tab(study: Study) -> None:
    """Kappa of every two people, and alpha by group and severity."""
    with gr.Tab("Agreement") as tab:
        kappas = gr.Dataframe(
            headers=["people", "samples in common", "decided alike", "Cohen's kappa"], label="Pairs", interactive=False
        )
        alphas = gr.Dataframe(
            headers=["samples", "judged by several", "alpha", "middle 95 % over scenes"],
            label="Krippendorff's alpha",
            interactive=False,
        )
        tab.select(lambda: (study.kappas(), study.alphas()), outputs=[kappas, alphas])


def export_tab(study: Study) -> None:
    """What an export would leave. Nothing is written."""
    with gr.Tab("Export") as tab:
        which = gr.Radio(["all samples", "reviewed only"], value="all samples", label="A dry run of")
        words = gr.Markdown()
        table = gr.Dataframe(
            headers=["group or severity", "now", "reviewed", "deleted", "left"], label="What is left", interactive=False
        )

        def preview(choice: str) -> tuple[str, list[list[str]]]:
            return study.export_preview(choice == "reviewed only")

        which.change(preview, which, [words, table])
        tab.select(preview, which, [words, table])
