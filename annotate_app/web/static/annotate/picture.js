// One photo and the steps taken on it. A step holds all objects after it, so undoing is going back one step.

import { identifier } from '../dom.js';

const STATUS = { done: 'done', skip: 'skipped' };

export class Picture {
  constructor({ id, name, width, height, steps }) {
    Object.assign(this, { id, name, width, height, steps });
    this.painted = null; // seconds since 1970
  }

  get objects() { return this.steps.at(-1)?.objects ?? []; }

  get status() { return this.steps.at(-1)?.status ?? 'open'; }

  // When its last step was taken, if that was one's own: seconds since 1970, 0 for one before the page was opened.
  get actedAt() {
    const last = this.steps.at(-1);
    return last?.id ? last.at ?? 0 : -1;
  }

  // A step to these objects; the event to send.
  step(action, objects) {
    const kept = action === 'done' ? objects.filter((each) => !each.proposed) : objects;
    const event = { ...this.#event(action), objects: kept };
    this.steps.push({ id: event.id, at: event.at, status: STATUS[action] ?? 'open', objects: kept });
    return event;
  }

  // The event that takes the last step back, or null if there is none of one's own.
  undo() {
    const last = this.steps.at(-1);
    if (!last?.id) return null;
    this.steps.pop();
    return { ...this.#event('undo'), target: last.id };
  }

  #event(action) {
    const painted = this.painted === null ? {} : { painted_at: this.painted };
    return { id: identifier(), action, picture: this.id, at: Date.now() / 1000, ...painted };
  }
}
