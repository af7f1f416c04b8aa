// Drawing on one photo after another: what each key and each movement of the mouse does to the objects.

import { byId, say } from '../dom.js';
import { Canvas } from './canvas.js';
import { NameField } from './names.js';
import { Panel } from './panel.js';
import { judge, wrongSize } from './rules.js';

const PAUSE = 400; // ms after the last arrow key, until which movements are one step
const FAST = 5; // times as far while an arrow is held down

export class Draw {
  // hear: { put(event), move(by), undo(), names() }; `rules` are the server's numbers.
  constructor(rules, hear) {
    this.rules = rules;
    this.hear = hear;
    this.picture = null;
    this.objects = [];
    this.chosen = null;
    this.waiting = false; // for the next photo; nothing may happen to this one meanwhile
    this.nudging = 0; // the timer of a movement by keys that is not a step yet
    this.canvas = new Canvas(byId('stage'), {
      drawn: (box) => this.#drawn(box),
      changing: (place, box) => this.#changing(place, box),
      changed: (place, box) => this.#changed(place, box),
      selected: (place) => this.select(place),
    });
    this.field = new NameField(() => this.hear.names());
    this.panel = new Panel(this.field, {
      select: (place) => { this.select(place); this.focus(); },
      rename: (place) => this.rename(place),
      remove: (place) => { this.select(place); this.act('delete'); },
      accept: (place) => { this.select(place); this.act('accept'); },
    });
  }

  begin(picture, image) {
    this.settle();
    this.picture = picture;
    this.panel.name(null);
    this.objects = picture.objects;
    this.chosen = null;
    this.canvas.show(image, picture);
    this.render();
    this.focus();
    picture.painted = null;
    requestAnimationFrame(() => requestAnimationFrame(() => { picture.painted = Date.now() / 1000; }));
  }

  // Nothing can be done to the photo that is shown: another one is on its way.
  wait(waiting) {
    this.waiting = waiting;
    byId('stage').inert = waiting;
  }

  focus() { byId('stage').focus(); }

  select(place) {
    this.settle();
    this.chosen = place;
    this.render();
  }

  // Store a movement by the mouse or by keys that is not a step yet.
  settle() {
    this.canvas.settle();
    if (!this.nudging) return;
    clearTimeout(this.nudging);
    this.nudging = 0;
    this.#step('change', this.objects);
  }

  // What a key or a button does.
  act(action) {
    if (this.waiting) return undefined;
    this.settle();
    const { chosen, objects } = this;
    const object = objects[chosen];
    const turn = (by) => this.select(objects.length ? ((chosen ?? (by > 0 ? -1 : 0)) + by + objects.length) % objects.length : null);
    const needed = (act) => (object ? act() : this.notice('Select a box first: click it, or press Tab.'));
    this.notice('');
    const acts = {
      select: () => turn(1),
      'select back': () => turn(-1),
      deselect: () => this.select(null),
      add: () => this.#add(),
      name: () => needed(() => this.rename(chosen)),
      delete: () => needed(() => {
        this.chosen = null;
        this.#step('delete', objects.filter((_, place) => place !== chosen));
      }),
      accept: () => this.#accept(),
      undo: () => this.#undo(),
      done: () => this.#done(),
      skip: () => { this.#step('skip', objects); this.hear.move(1); },
      next: () => this.hear.move(1),
      previous: () => this.hear.move(-1),
    };
    return acts[action]?.();
  }

  // Move the selected box, or its lower right corner, by an arrow key.
  nudge(key, resize, held) {
    const object = this.objects[this.chosen];
    if (this.waiting) return undefined;
    if (!object) return this.notice('Select a box first: click it, or press Tab.');
    const far = Math.max(1, Math.round(1 / this.canvas.scale)) * (held ? FAST : 1);
    const dx = { ArrowLeft: -far, ArrowRight: far }[key] ?? 0;
    const dy = { ArrowUp: -far, ArrowDown: far }[key] ?? 0;
    const { width, height } = this.picture;
    const within = (value, least, most) => Math.min(Math.max(value, least), most);
    const [x1, y1, x2, y2] = object.box;
    const [mx, my] = [within(dx, -x1, width - x2), within(dy, -y1, height - y2)];
    const box = resize ? [x1, y1, within(x2 + dx, x1 + 1, width), within(y2 + dy, y1 + 1, height)]
      : [x1 + mx, y1 + my, x2 + mx, y2 + my];
    if (String(box) === String(object.box)) return undefined;
    this.objects = this.#with(this.chosen, { box });
    clearTimeout(this.nudging);
    this.nudging = setTimeout(() => this.settle(), PAUSE);
    this.#judge();
    this.panel.tick(this.chosen, box, this.picture, this.verdict.objects[this.chosen]);
    return undefined;
  }

  rename(place) {
    this.settle();
    this.chosen = place;
    this.panel.name(place);
    this.render();
    const others = this.objects.filter((object, other) => other !== place && !object.proposed).map(({ name }) => name);
    this.field.ask(this.objects[place].name, others, (name) => {
      this.panel.name(null);
      if (name !== null && (name !== this.objects[place].name || this.objects[place].proposed)) {
        this.#step('name', this.#with(place, { name }));
      } else this.render();
      if (document.activeElement === document.body || document.activeElement === this.field.input) this.focus();
    });
  }

  notice(words, refused = true) {
    say(byId('notice'), words);
    byId('notice').classList.toggle('refused', Boolean(words) && refused);
  }

  render() {
    this.#judge();
    this.panel.render(this.objects, this.picture, this.verdict, this.chosen);
  }

  // Everything but the list, which is remade only when more than a box's place has changed.
  #judge() {
    const { objects, picture, chosen } = this;
    const verdict = judge(objects, picture, this.rules);
    this.verdict = verdict;
    this.canvas.draw(objects.map(({ name, box, proposed }, place) => ({
      box, label: name || '?', look: proposed ? 'proposed' : `colour-${place % 6} ${verdict.objects[place] ? 'wrong' : ''}`,
    })), chosen);
    say(byId('photo'), picture.name);
    const wrong = verdict.objects.filter(Boolean).length;
    const fine = !verdict.picture && !wrong;
    const status = { done: 'Done. ', skipped: 'Skipped. ' }[picture.status] ?? '';
    say(byId('verdict'), status + (fine ? 'Enter: done, next photo.' : verdict.picture || (wrong === 1 ? 'One object is not right yet.' : `${wrong} objects are not right yet.`)));
    byId('verdict').classList.toggle('fine', fine);
  }

  #with(place, changes) {
    return this.objects.map((object, other) => (other === place ? { ...object, ...changes, proposed: false } : object));
  }

  #step(action, objects) {
    this.objects = objects;
    this.hear.put(this.picture.step(action, objects));
    this.objects = this.picture.objects;
    this.render();
  }

  #drawn(box) {
    this.settle();
    this.notice('');
    this.chosen = this.objects.length;
    this.#step('draw', [...this.objects, { name: '', box, proposed: false }]);
    this.rename(this.chosen);
  }

  #add() {
    const { width, height } = this.picture;
    const shift = 0.05 * this.objects.length;
    const at = (size, from) => Math.round(size * (from + shift));
    this.#drawn([at(width, 0.3), at(height, 0.3), at(width, 0.6), at(height, 0.6)]);
  }

  #changing(place, box) {
    this.chosen = place;
    this.objects = this.#with(place, { box });
    this.panel.tick(place, box, this.picture, wrongSize(box, this.picture, this.rules));
  }

  #changed(place, box) {
    clearTimeout(this.nudging);
    this.nudging = 0;
    this.#step('change', this.#with(place, { box }));
  }

  #accept() {
    const { objects, chosen } = this;
    const all = chosen === null || !objects[chosen].proposed;
    if (!objects.some(({ proposed }) => proposed)) return this.notice('There is no proposal here.');
    return this.#step('accept', all ? objects.map((object) => ({ ...object, proposed: false })) : this.#with(chosen, {}));
  }

  #undo() {
    const event = this.picture.undo();
    if (!event) return this.hear.undo();
    this.hear.put(event);
    this.objects = this.picture.objects;
    this.chosen = null;
    return this.render();
  }

  #done() {
    const { verdict } = this;
    const wrong = verdict.objects.findIndex(Boolean);
    if (wrong >= 0) {
      this.select(wrong);
      const { name } = this.objects[wrong];
      if (!name) return this.rename(wrong);
      return this.notice(`“${name}”: ${verdict.objects[wrong]}.`);
    }
    if (verdict.picture) return this.notice(`${verdict.picture}. S skips a photo that has fewer.`);
    if (this.picture.status !== 'done') this.#step('done', this.objects);
    return this.hear.move(1);
  }
}
