"""The page of a run: tables, confusion pictures, and the worst groundings drawn, as one self-contained HTML file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from PIL import Image, ImageDraw

from perception20k.core.files import write_text
from trainer.data import answers
from trainer.data.boxes import iou
from trainer.evaluation import perception
from trainer.evaluation.records import Record
from trainer.evaluation.suites import Suite
from trainer.evaluation.tables import Cell, Table, heading, shown

WORST = 24
"""Cases drawn of each perception suite."""

_LONGEST_SIDE = 480
_TRUTH, _ANSWER = "#1a9850", "#f28e2b"
_LONGEST_TEXT = 240
_MANY_COLUMNS = 12
"""From here on a table is set small."""


def write_page(
    path: Path,
    title: str,
    tables: Sequence[Table],
    pictures: Sequence[Path],
    records: Mapping[str, Sequence[Record]],
    suites: Mapping[str, Suite],
) -> None:
    """Write the page, aside and renamed.

    Args:
        path: the HTML file.
        title: its heading.
        tables: shown in their order.
        pictures: PNG files, put into the page.
        records: the greedy answers of each suite.
        suites: where the images of the worst cases come from; a suite that is not there has no cases drawn.
    """
    template = Template((files("trainer.evaluation") / "evaluation.html").read_text(encoding="utf-8"))
    cases = [
        _cases(name, part, suites[name])
        for name, part in records.items()
        if name in suites and suites[name].kind == "perception"
    ]
    names = [table.title for table in tables]
    names += ["Confusion"] * bool(pictures) + ["Worst groundings"] * bool(cases)
    links = "".join(f'<li><a href="#s{i}">{escape(name)}</a></li>' for i, name in enumerate(names))
    sections = [f'<section id="s{i}">{_table(table)}</section>' for i, table in enumerate(tables)]
    if pictures:
        drawn = "".join(f'<img src="{_data_url(picture.read_bytes(), "png")}" alt="">' for picture in pictures)
        sections.append(f'<section id="s{len(sections)}"><h2>Confusion</h2><div class="row">{drawn}</div></section>')
    if cases:
        sections.append(f'<section id="s{len(sections)}"><h2>Worst groundings</h2>{"".join(cases)}</section>')
    write_text(path, template.substitute(title=escape(title), links=links, sections="\n".join(sections)))


def _table(table: Table) -> str:
    words = {i for i in range(len(table.columns)) if any(isinstance(row[i], str) for row in table.rows)}

    def cell(tag: str, i: int, text: str) -> str:
        return f"<{tag}>{escape(text)}</{tag}>" if i in words else f'<{tag} class="number">{escape(text)}</{tag}>'

    def line(row: Sequence[Cell]) -> str:
        return "<tr>" + "".join(cell("td", i, shown(value, table.percent)) for i, value in enumerate(row)) + "</tr>"

    head = "".join(cell("th", i, column) for i, column in enumerate(table.columns))
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    body = "".join(line(row) for row in table.rows)
    shape = ' class="dense"' if len(table.columns) > _MANY_COLUMNS else ""
    rows = f"<table{shape}><tr>{head}</tr>{body}</table>"
    return f'<h2>{escape(heading(table))}</h2><div class="wide">{rows}</div>{note}'


def _cases(name: str, records: Sequence[Record], suite: Suite) -> str:
    described = {_sample(r): r.text for r in records if r.truth["task"] == "description"}
    figures = "".join(
        _case(record, suite, described.get(_sample(record), "")) for record in perception.worst(records, WORST)
    )
    key = (
        f'<span style="color:{_TRUTH}">green</span>: the truth; <span style="color:{_ANSWER}">orange</span>: the answer'
    )
    return f"<h3>{escape(name)}</h3><p>Boxes in {key}. Lowest IoU first.</p><div class='cases'>{figures}</div>"


def _case(record: Record, suite: Suite, described: str) -> str:
    truth, said = record.truth, answers.box(record.text)
    image = suite.rows[record.index]["images"][-1]
    scale = min(1.0, _LONGEST_SIDE / max(image.size))
    picture = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    _outline(draw, truth["box"], scale, _TRUTH)
    if said is not None and said[0] < said[2] and said[1] < said[3]:
        _outline(draw, said, scale, _ANSWER)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    earned = "unread" if said is None else f"IoU {iou(said, truth['box']):.2f}"
    caption = f"{truth['object']}: {truth['distortion']}, {truth['severity_label']}"
    return (
        f'<figure><img src="{_data_url(stream.getvalue(), "jpeg")}" alt="">'
        f"<figcaption><b>{earned}</b> {escape(truth['mode'].upper())} {escape(caption)}"
        f'<span class="said">where: {escape(_short(record.text))}</span>'
        f'<span class="said">what: {escape(_short(described))}</span></figcaption></figure>'
    )


def _outline(draw: ImageDraw.ImageDraw, box: Sequence[float], scale: float, colour: str) -> None:
    """A box with a dark line under a coloured one, so that it is seen on any image."""
    corners = [side * scale for side in box]
    draw.rectangle(corners, outline="black", width=5)
    draw.rectangle([corners[0] + 1, corners[1] + 1, corners[2] - 1, corners[3] - 1], outline=colour, width=3)


def _sample(record: Record) -> tuple[str, str]:
    """The sample and mode a question is about."""
    sample, _, mode = record.row_id.rsplit("-", 2)
    return sample, mode


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_TEXT else plain[:_LONGEST_TEXT] + "…"


def _data_url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
