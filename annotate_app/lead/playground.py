"""The playground: a photo of one's own, a box dragged on it, any distortion in the box, and the line of Python."""

from __future__ import annotations

from typing import Any

import gradio as gr

from annotate_app.lead.gallery import Gallery
from annotate_app.people.refusal import Unshowable
from distortions import (
    DEFAULT_PRESET,
    PRESETS,
    SEVERITIES,
    SEVERITY_LEVELS,
    DistortionError,
    catalog,
    distort,
    distort_region,
    find,
)
from perception20k.imaging.images import Array, ImageError

MAX_PHOTO = 64 * 1024 * 1024
"""Bytes of a photo that can be dropped."""

_DRAG = """() => {
  // In the photo's own pixels; it is shown whole, never enlarged, in the middle of its element.
  const pointOf = (event, photo) => {
    const frame = photo.getBoundingClientRect(), wide = photo.naturalWidth, high = photo.naturalHeight;
    const scale = Math.min(1, frame.width / wide, frame.height / high);
    const along = (place, start, length, size) =>
      Math.min(size, Math.max(0, Math.round((place - start - (length - size * scale) / 2) / scale)));
    return [along(event.clientX, frame.left, frame.width, wide), along(event.clientY, frame.top, frame.height, high)];
  };
  let drag = null;
  const mark = document.body.appendChild(document.createElement('div'));
  mark.style.cssText = 'position:fixed;display:none;pointer-events:none;z-index:99;border:2px solid #e62828';
  document.addEventListener('pointerdown', (event) => {
    const photo = event.target.closest?.('#playground-photo')?.querySelector('img');
    if (!photo || event.target.closest('button') || event.button) return;
    event.preventDefault();
    drag = { photo, from: pointOf(event, photo), x: event.clientX, y: event.clientY };
  }, true);
  document.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const left = Math.min(drag.x, event.clientX), top = Math.min(drag.y, event.clientY);
    const width = Math.abs(event.clientX - drag.x), height = Math.abs(event.clientY - drag.y);
    Object.assign(mark.style, { display: 'block', left: `${left}px`, top: `${top}px`,
                                width: `${width}px`, height: `${height}px` });
  });
  document.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const [x, y] = drag.from, [X, Y] = pointOf(event, drag.photo);
    const box = [Math.min(x, X), Math.min(y, Y), Math.max(x, X), Math.max(y, Y)];
    const field = document.querySelector('#playground-box textarea, #playground-box input');
    field.value = box[2] - box[0] > 1 && box[3] - box[1] > 1 ? box.join(', ') : '';  // a click: the whole photo
    field.dispatchEvent(new Event('input', { bubbles: true }));
    drag = null;
    mark.style.display = 'none';
  });
}"""
"""Dragging on the photo fills in the box."""


def types_of(preset: str) -> list[str]:
    """The names of a parameter set's types, in the catalogue's order."""
    return [entry.type for entry in catalog(preset)]


def line_of_python(box: str, preset: str, type_: str, severity: int, seed: int) -> str:
    """What makes the same bytes in a program; ``box`` is empty or ``x1, y1, x2, y2``."""
    name, where = ("distort_region", f"({box.strip()}), ") if box.strip() else ("distort", "")
    others = (f", seed={seed}" if seed else "") + (f', preset="{preset}"' if preset != DEFAULT_PRESET else "")
    return f'from distortions import {name}\n\nout = {name}(image, {where}"{type_}", {severity}{others})'


def distorted(
    photo: Array | None, box: str, preset: str, type_: str, severity: int, seed: int
) -> tuple[Array | None, str]:
    """The distorted photo and a line about it; no photo and the reason where that cannot be."""
    if photo is None:
        return None, "Drop a photo on the left."
    chosen: dict[str, Any] = {"seed": int(seed or 0), "preset": preset}
    try:
        if not box.strip():
            out = distort(photo, type_, severity, **chosen)
        else:
            out = distort_region(photo, [int(edge) for edge in box.split(",")], type_, severity, **chosen)
    except DistortionError as error:
        return None, f"{error}."
    except ValueError:
        return None, "A box is four whole numbers: x1, y1, x2, y2."
    about = find(type_, preset)
    return out, f"{SEVERITIES[severity - 1].capitalize()}. {about.summary.replace('``', '`')} Source: {about.source}."


def playground_tab(gallery: Gallery, blocks: gr.Blocks) -> None:
    """Try any type at any severity on a photo; nothing is kept."""
    with gr.Tab("Playground"):
        with gr.Row():
            preset = gr.Dropdown(list(PRESETS), value=DEFAULT_PRESET, label="family (preset)")
            type_ = gr.Dropdown(types_of(DEFAULT_PRESET), value="blur_motion", label="type")
            severity = gr.Slider(SEVERITY_LEVELS[0], SEVERITY_LEVELS[-1], value=3, step=1, label="severity of 5")
            seed = gr.Number(0, label="seed", precision=0, minimum=0)
            box = gr.Textbox("", label="box: x1, y1, x2, y2", placeholder="the whole photo", elem_id="playground-box")
        with gr.Row():
            photo = gr.Image(
                label="Your photo; drag a box on it",
                value=_first_photo(gallery),
                image_mode="RGB",
                sources=["upload", "clipboard"],
                height=340,
                elem_id="playground-photo",
            )
            out = gr.Image(
                label="Distorted", interactive=False, format="png", height=340, buttons=["fullscreen", "download"]
            )
        said = gr.Markdown()
        code = gr.Code(language="python", label="The same in a program", interactive=False)
        chosen = [box, preset, type_, severity, seed]

        def switch(name: str) -> Any:
            return gr.Dropdown(types_of(name), value=types_of(name)[0])

        def show(image: Array | None, *values: Any) -> tuple[Array | None, str, str]:
            return *distorted(image, *values), line_of_python(*values)

        photo.upload(lambda: "", None, box)
        preset.input(switch, preset, type_)
        for control in (photo, box, type_, severity, seed):
            control.change(show, [photo, *chosen], [out, said, code], show_progress="hidden")
        blocks.load(show, [photo, *chosen], [out, said, code])
        blocks.load(None, js=_DRAG)


def _first_photo(gallery: Gallery) -> Array | None:
    """A photo to begin with: that of the first sample, if it is there."""
    try:
        return gallery.dataset.reference(next(iter(gallery.dataset.samples)))
    except (Unshowable, ImageError):
        return None
