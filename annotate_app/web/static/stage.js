// The stage: the image at one image pixel to one device pixel, its box, its reference in the same place, and
// the images around it kept decoded. Positions are whole device pixels, so that nothing is resampled.

import { make } from './dom.js';
import { decode } from './image.js';

const AHEAD = 4;
const BEHIND = 2;
const FETCHED = 30; // images ahead whose bytes are in the browser's cache, so that a short outage stops nobody
const MARGIN = 12; // device pixels around an image that is larger than the stage, for the lines of the box
const SETTLED = 400; // ms on one image before anything but the next images is fetched: not while racing through

export class Stage {
  constructor(element) {
    this.element = element;
    // Inside the canvas a CSS pixel is a device pixel, whatever the page's zoom and the display's ratio.
    this.canvas = make('div', { className: 'canvas' });
    this.box = make('div', { className: 'box' });
    this.canvas.append(this.box);
    element.append(this.canvas);
    this.pool = new Map(); // url -> { image, ready, ok }
    this.shift = { x: 0, y: 0 }; // device pixels the reviewer panned
    this.boxOn = true;
    new ResizeObserver(() => this.place()).observe(element);
    addEventListener('resize', () => this.place()); // also a change of zoom, that is of devicePixelRatio
    element.addEventListener('pointerdown', (event) => this.#drag(event));
    element.addEventListener('wheel', (event) => { event.preventDefault(); this.pan(-event.deltaX, -event.deltaY); }, { passive: false });
  }

  // items: [{ image, reference, box, width, height }], the first two URLs
  use(items) {
    this.settled = false; // on the image in front, see #surround
    clearTimeout(this.later);
    for (const { image } of this.pool.values()) image.remove();
    this.pool.clear();
    this.items = items;
    this.position = null;
    this.shown = null;
    this.fetched = 0; // items before this one have been fetched
  }

  get ready() { return this.shown?.ok ?? false; }

  // Why the image cannot be shown, although the server answers; empty otherwise.
  get broken() { return this.shown?.broken ?? ''; }

  // Ask for a broken image once more.
  retry() { this.shown?.again?.(); }

  // Show an item; `painted` is called when it is on the screen.
  show(position, painted) {
    const item = this.items[position];
    this.position = position;
    this.shift = { x: 0, y: 0 };
    this.referring = false;
    this.shown = this.#load(item.image);
    const asked = this.shown;
    this.element.dataset.ready = asked.ok;
    this.#reveal(asked);
    this.place();
    if (asked.broken) this.onBroken?.();
    asked.ready.then(() => {
      if (this.shown !== asked) return;
      this.element.dataset.ready = true;
      requestAnimationFrame(() => afterPaint(() => { if (this.shown === asked) painted(); }));
    });
    this.#surround(position);
  }

  // Hold the reference up, or let it go. Answers whether it can be seen at once.
  refer(on) {
    this.referring = on;
    const item = this.items[this.position];
    const entry = this.#load(on ? item.reference : item.image);
    const reveal = () => {
      if (this.referring !== on) return;
      this.#reveal(entry);
      this.place();
    };
    if (entry.ok) reveal(); else entry.ready.then(reveal);
    return entry.ok;
  }

  showBox(on) {
    this.boxOn = on;
    this.box.style.display = on ? 'block' : 'none';
  }

  blank(on) { this.element.classList.toggle('blank', on); }

  pan(x, y) {
    this.shift = { x: this.shift.x + x * devicePixelRatio, y: this.shift.y + y * devicePixelRatio };
    this.place();
  }

  place() {
    if (this.position === null || !this.items) return;
    const { box, width, height } = this.items[this.position];
    const scale = devicePixelRatio;
    const room = this.element.getBoundingClientRect();
    const left = this.#along('x', room.width * scale, width, (box[0] + box[2]) / 2);
    const top = this.#along('y', room.height * scale, height, (box[1] + box[3]) / 2);
    // The stage itself may begin between two device pixels.
    const x = (Math.round(room.left * scale) - room.left * scale) / scale;
    const y = (Math.round(room.top * scale) - room.top * scale) / scale;
    this.canvas.style.transform = `translate(${x}px, ${y}px) scale(${1 / scale})`;
    for (const image of this.canvas.querySelectorAll('img.shown')) {
      Object.assign(image.style, { left: `${left}px`, top: `${top}px` });
    }
    Object.assign(this.box.style, {
      left: `${left + box[0]}px`, top: `${top + box[1]}px`, width: `${box[2] - box[0]}px`, height: `${box[3] - box[1]}px`,
    });
    this.box.style.setProperty('--pixel', `${Math.max(1, Math.round(scale))}px`);
    this.larger = width > room.width * scale || height > room.height * scale;
    this.element.classList.toggle('larger', this.larger);
  }

  // Where the image begins along one axis, in device pixels: centred if it fits, else as near as it can be to
  // having its box in the middle, moved by what was panned.
  #along(axis, room, size, middle) {
    if (size <= room) return Math.floor((room - size) / 2);
    const wanted = room / 2 - middle;
    const clamp = (value) => Math.min(MARGIN, Math.max(room - size - MARGIN, value));
    const start = clamp(wanted);
    const place = clamp(start + this.shift[axis]);
    this.shift[axis] = place - start;
    return Math.round(place);
  }

  #load(url) {
    let entry = this.pool.get(url);
    if (entry) return entry;
    const image = make('img', { decoding: 'sync', draggable: false, alt: '' });
    entry = { image, ok: false };
    const decoded = async () => {
      const wanted = () => this.pool.get(url) === entry;
      for (let broken = 0; ; broken += 1) {
        const from = broken ? `${url}?again=${broken}` : url; // a browser may remember what could not be shown
        entry.broken = await decode(image, from, { wanted, away: () => { entry.broken = ''; } });
        if (!wanted()) return;
        entry.ok = !entry.broken;
        if (entry.ok) return;
        if (this.shown === entry) this.onBroken?.();
        await new Promise((resolve) => { entry.again = resolve; });
      }
    };
    this.pool.set(url, entry);
    this.canvas.append(image);
    entry.ready = decoded();
    return entry;
  }

  #reveal(entry) {
    for (const image of this.canvas.querySelectorAll('img.shown')) {
      if (image !== entry.image) image.classList.remove('shown');
    }
    entry.image.classList.add('shown');
  }

  #surround(position) {
    clearTimeout(this.later);
    this.settled = false;
    const near = this.items.slice(Math.max(0, position - BEHIND), position + AHEAD + 1).map((item) => item.image);
    const { reference } = this.items[position];
    for (const [url, { image }] of this.pool) {
      if (!near.includes(url) && url !== reference) {
        image.remove();
        this.pool.delete(url);
      }
    }
    for (const item of this.items.slice(position + 1, position + AHEAD + 1)) this.#load(item.image);
    this.later = setTimeout(() => {
      this.settled = true;
      this.#load(reference);
      this.#fetchAhead();
    }, SETTLED);
  }

  // One at a time, and no further once the next image is asked for. What is being fetched then may come only when the
  // reviewer has settled on another image: it goes on from there.
  async #fetchAhead() {
    if (this.fetching) return;
    this.fetching = true;
    try {
      while (this.settled) {
        const { items } = this;
        this.fetched = Math.max(this.fetched, this.position + AHEAD + 1);
        if (this.fetched >= Math.min(items.length, this.position + FETCHED)) break;
        await prefetch(items[this.fetched].image);
        if (this.items !== items) continue;
        this.fetched += 1;
        this.element.dataset.fetched = this.fetched;
      }
    } catch { /* unreachable: the next image shown tries again */ }
    this.fetching = false;
  }

  #drag(event) {
    if (!this.larger) return;
    this.element.setPointerCapture(event.pointerId);
    const move = (now) => this.pan(now.movementX, now.movementY);
    this.element.addEventListener('pointermove', move);
    this.element.addEventListener('pointerup', () => this.element.removeEventListener('pointermove', move), { once: true });
  }
}

// Into the browser's cache, and no further.
function prefetch(url) {
  return new Promise((resolve, reject) => {
    const link = make('link', { rel: 'prefetch', as: 'image', href: url });
    link.onload = () => { link.remove(); resolve(); };
    link.onerror = () => { link.remove(); reject(new Error(url)); };
    document.head.append(link);
  });
}

// Runs once the frame that is being made has gone to the screen.
function afterPaint(then) {
  const channel = new MessageChannel();
  channel.port1.onmessage = then;
  channel.port2.postMessage(null);
}
