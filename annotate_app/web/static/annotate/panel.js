// The list beside the photo: every object with its name, its size and what a build would say to it.

import { byId, make, say } from '../dom.js';

const COLOURS = 6; // in annotate.css

export class Panel {
  // hear: { select(place), rename(place), remove(place), accept(place) }
  constructor(nameField, hear) {
    this.field = nameField;
    this.hear = hear;
    this.naming = null;
  }

  // Where the name field stands: in the row of this object; null for nowhere.
  name(place) { this.naming = place; }

  render(objects, picture, verdict, chosen) {
    const list = byId('objects');
    const old = [...list.children];
    // The row in which somebody is typing stays where it is: an element that moves loses the focus.
    const typing = (place) => place === this.naming && old.length === objects.length && old[place].contains(this.field.element);
    const rows = objects.map((object, place) => (typing(place) ? old[place]
      : this.#row(object, picture, verdict.objects[place], place, chosen)));
    if (!rows.some((_, place) => typing(place))) return list.replaceChildren(...rows);
    rows.forEach((row, place) => { if (row !== old[place]) old[place].replaceWith(row); });
    return undefined;
  }

  // Only the numbers and the verdict of one row: while the mouse moves.
  tick(place, box, picture, wrong) {
    const row = byId('objects').children[place];
    say(row.querySelector('.size'), sizeOf(box, picture));
    this.#say(row, wrong);
  }

  #row(object, picture, wrong, place, chosen) {
    const { name, box, proposed } = object;
    const button = (words, title, act) => make('button', { type: 'button', textContent: words, title, ariaLabel: title, onclick: act });
    const called = name || 'an object without a name';
    const row = make('li', { className: `colour-${place % COLOURS} ${place === chosen ? 'chosen' : ''} ${proposed ? 'proposed' : ''}` });
    const title = place === this.naming ? this.field.element
      : make('button', { type: 'button', className: 'title', textContent: name || 'name it', onclick: () => this.hear.rename(place) });
    row.append(
      title,
      ...(proposed ? [button('accept', `Accept ${called}`, () => this.hear.accept(place))] : []),
      button('×', `Delete ${called}`, () => this.hear.remove(place)),
      make('span', { className: 'size', textContent: sizeOf(box, picture) }),
      make('span', { className: 'wrong' }),
    );
    this.#say(row, proposed ? 'proposed: accept it, change it or delete it' : wrong);
    row.onpointerdown = (event) => { if (!event.target.closest('button, input, .name')) this.hear.select(place); };
    return row;
  }

  #say(row, wrong) {
    const element = row.querySelector('.wrong');
    say(element, wrong || 'fine');
    element.classList.toggle('fine', !wrong);
  }
}

function sizeOf([x1, y1, x2, y2], { width, height }) {
  const share = (100 * (x2 - x1) * (y2 - y1)) / (width * height);
  return `${x2 - x1} × ${y2 - y1} px, ${share < 10 ? share.toPrecision(2) : share.toFixed()} %`;
}
