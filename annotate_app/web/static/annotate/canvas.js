// The photo with its boxes. Annotorious draws, moves and resizes by mouse, pen and finger; what its boxes look like, and
// their names, is an overlay of our own, because Annotorious styles them inline, which the page's policy forbids.

import { make, say } from '../dom.js';

const LABEL = 240; // widest label in CSS pixels, as in annotate.css

const selectorOf = ([x1, y1, x2, y2]) => ({
  type: 'RECTANGLE',
  geometry: { x: x1, y: y1, w: x2 - x1, h: y2 - y1, rot: 0, bounds: { minX: x1, minY: y1, maxX: x2, maxY: y2 } },
});

export class Canvas {
  // hear: { drawn(box), changing(place, box), changed(place, box), selected(place or null) }
  constructor(stage, hear) {
    this.stage = stage;
    this.hear = hear;
    this.image = null;
    this.boxes = [];
    this.chosen = null;
    this.quiet = false; // while we change Annotorious ourselves
    this.moved = null; // the place of the box that the mouse is changing
    this.lifted = 0; // the timer of a press that has ended and is not dealt with yet
    new ResizeObserver(() => this.#fit()).observe(stage);
  }

  // Show a decoded image without boxes.
  show(image, { width, height, name }) {
    this.#clear();
    image.alt = `The photo ${name}`;
    Object.assign(this, { image, width, height, boxes: [], chosen: null, moved: null });
    this.stage.replaceChildren(image);
    this.#fit();
    this.anno = window.Annotorious.createImageAnnotator(image, { drawingMode: 'drag', autoSave: false });
    this.overlay = make('div', { className: 'overlay' });
    this.anno.element.append(this.overlay);
    const svg = this.anno.element.querySelector('svg');
    // The stage has the focus and the keys; Annotorious's own layer would be a second stop without any.
    svg.setAttribute('tabindex', '-1');
    svg.setAttribute('aria-hidden', 'true');
    svg.removeAttribute('role');
    svg.addEventListener('pointerdown', (event) => this.#down(event, svg), true);
    svg.addEventListener('pointerup', () => { this.lifted = setTimeout(() => this.settle()); }); // after Annotorious
    this.anno.on('createAnnotation', (made) => this.#created(made));
    this.anno.state.store.observe(({ changes }) => this.#observed(changes.updated ?? []));
  }

  // Show these boxes, each { box, label, look }: look is '', 'proposed' or 'wrong'.
  draw(boxes, chosen) {
    this.#silently(() => {
      const same = boxes.length === this.boxes.length;
      if (!same) this.anno.setAnnotations([]);
      boxes.forEach(({ box }, place) => {
        const made = { id: String(place), bodies: [], target: { annotation: String(place), selector: selectorOf(box) } };
        if (!same) this.anno.addAnnotation(made);
        else if (String(box) !== String(this.boxes[place].box)) this.anno.state.store.updateTarget(made.target);
      });
      this.boxes = boxes;
      const selected = this.anno.getSelected()[0]?.id ?? null;
      const wanted = chosen === null ? null : String(chosen);
      if (selected !== wanted || !same) this.anno.setSelected(wanted ?? undefined, true);
      this.chosen = chosen;
    });
    this.#paint();
  }

  #clear() {
    this.anno?.destroy();
    this.anno = null;
  }

  #silently(act) {
    this.quiet = true;
    try { act(); } finally { this.quiet = false; }
  }

  // As large as fits, enlarged at most fourfold.
  #fit() {
    if (!this.image) return;
    const { clientWidth, clientHeight } = this.stage;
    this.scale = Math.min(clientWidth / this.width, clientHeight / this.height, 4);
    this.image.style.width = `${this.width * this.scale}px`;
    this.image.style.height = `${this.height * this.scale}px`;
    if (this.overlay) this.#paint();
  }

  #paint() {
    const { scale } = this;
    const count = this.boxes.length;
    while (this.overlay.children.length > count) this.overlay.lastChild.remove();
    while (this.overlay.children.length < count) this.overlay.append(make('div', {}, make('span')));
    this.boxes.forEach(({ box: [x1, y1, x2, y2], label, look }, place) => {
      const element = this.overlay.children[place];
      const edge = (this.width - x1) * scale < LABEL ? 'edge' : '';
      element.className = `box ${look} ${place === this.chosen ? 'chosen' : ''} ${y1 * scale < 24 ? 'inside' : ''} ${edge}`;
      Object.assign(element.style, {
        left: `${x1 * scale}px`, top: `${y1 * scale}px`, width: `${(x2 - x1) * scale}px`, height: `${(y2 - y1) * scale}px`,
      });
      say(element.firstChild, label);
    });
  }

  // Whole pixels inside the photo, at least one.
  #pixels({ x, y, w, h }) {
    const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
    const x1 = within(x, this.width - 1);
    const y1 = within(y, this.height - 1);
    return [x1, y1, Math.max(within(x + w, this.width), x1 + 1), Math.max(within(y + h, this.height), y1 + 1)];
  }

  // Annotorious draws only while nothing is selected, and loses a drag that leaves the photo. So a press beside the
  // selected box lets go of it first and is then repeated, and every press is captured.
  #down(event, svg) {
    if (event.button !== 0) return event.stopPropagation();
    this.stage.focus();
    const inEditor = event.target.closest('.a9s-annotation.selected');
    if (inEditor || !event.isTrusted || !this.anno.getSelected().length) {
      if (!inEditor && event.isTrusted) svg.setPointerCapture(event.pointerId);
      return undefined;
    }
    event.stopPropagation();
    this.#silently(() => this.anno.setSelected());
    const { clientX, clientY, pointerId, pointerType } = event;
    queueMicrotask(() => { // once Annotorious has let go, and before anything else is pressed, moved or released
      svg.setPointerCapture(pointerId);
      const again = { bubbles: true, button: 0, buttons: 1, clientX, clientY, pointerId, pointerType };
      svg.dispatchEvent(new PointerEvent('pointerdown', again));
    });
    return undefined;
  }

  // Deal now with a press that has ended: a key may be quicker than a timer.
  settle() {
    if (!this.lifted) return;
    clearTimeout(this.lifted);
    this.lifted = 0;
    this.#up();
  }

  // What a press has come to. Annotorious's own event of selection also comes late, of what is no longer so.
  #up() {
    if (this.moved !== null) {
      const place = this.moved;
      this.moved = null;
      return this.hear.changed(place, this.boxes[place].box);
    }
    const [selected] = this.anno.getSelected();
    const place = selected ? Number(selected.id) : null;
    if (place !== this.chosen && (place === null || place in this.boxes)) this.hear.selected(place);
    return undefined;
  }

  #created(made) {
    if (this.quiet) return;
    const box = this.#pixels(made.target.selector.geometry);
    setTimeout(() => { // Annotorious selects what it has made right after telling of it
      this.#silently(() => this.anno.removeAnnotation(made.id));
      this.hear.drawn(box);
    });
  }

  #observed(updated) {
    if (this.quiet) return;
    for (const { newValue } of updated) {
      const place = Number(newValue.id);
      if (!(place in this.boxes)) continue;
      const box = this.#pixels(newValue.target.selector.geometry);
      this.moved = place;
      this.boxes[place] = { ...this.boxes[place], box };
      this.#paint();
      this.hear.changing(place, box);
    }
  }
}
