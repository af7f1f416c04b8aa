// What was decided and is not yet with the server. Each event is written to localStorage before the page goes
// on, under this tab's name, and leaves it when the server has it. Sending is in order, one request at a time;
// sending twice does no harm, since the server knows an event by its id.

import { RETRY, Unreachable, post } from './api.js';

const PREFIX = 'perception20k.outbox.';
const AT_ONCE = 50;

export class Outbox {
  // hear: { changed(), stored(answer), refused(event, answer, dropped), blocked(answer, waiting) }
  constructor(tab, hear) {
    this.tab = tab;
    this.prefix = `${PREFIX}${tab}.${Date.now()}.`; // a reload keeps the tab and must not write over its keys
    this.hear = hear;
    this.queue = []; // { key, session, reviewer, event }
    this.count = 0;
    this.offline = ''; // why nothing can be sent now
    this.sending = null;
    this.wake = () => {};
    addEventListener('online', () => this.wake());
  }

  get unsent() { return this.queue.length; }

  // Throws if the browser cannot keep the event; then nothing happened.
  put(session, reviewer, event) {
    const entry = { session, reviewer, event };
    const key = this.prefix + String(this.count).padStart(8, '0');
    localStorage.setItem(key, JSON.stringify(entry));
    this.count += 1;
    this.queue.push({ key, ...entry });
    this.flush();
  }

  // Take over what this reviewer's earlier tabs in this browser could not send, or this tab before its reload.
  // Answers with what there was.
  adopt(reviewer) {
    this.queue = []; // all of it is in the store
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).sort();
    const found = keys.map((key) => ({ key, ...JSON.parse(localStorage.getItem(key)) }))
      .filter((entry) => entry.reviewer === reviewer);
    // A tab's events go in the order of its keys, whatever its clock did meanwhile; only tabs are compared by time.
    const tabOf = ({ key }) => key.slice(PREFIX.length).split('.')[0];
    const began = new Map([...found].reverse().map((entry) => [tabOf(entry), entry.event.at]));
    found.sort((a, b) => began.get(tabOf(a)) - began.get(tabOf(b)));
    for (const { key, session, event } of found) {
      this.put(session, reviewer, event); // under the new key before the old one goes
      localStorage.removeItem(key);
    }
    return found;
  }

  // Resolves when everything is sent, or sending has come to a stop that a person must see to.
  flush() {
    this.hear.changed();
    this.sending ??= this.#send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async #send() {
    await null; // so that one key press finishes its work before its event is serialised again
    while (this.queue.length) {
      const { session } = this.queue[0];
      const batch = this.queue.slice(0, AT_ONCE).filter((entry) => entry.session === session);
      const events = batch.map((entry) => entry.event);
      let answer;
      try {
        const body = { tab: this.tab, sent_at: Date.now() / 1000, events };
        answer = await post(`sessions/${session}/events`, body);
        this.offline = '';
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.offline = error.reason || 'offline';
        this.hear.changed();
        await new Promise((resolve) => { this.wake = resolve; setTimeout(resolve, RETRY); });
        continue;
      }
      const { data } = answer;
      this.#drop((event) => (data.stored ?? []).includes(event.id));
      if (data.stored) this.hear.stored(data);
      if (data.event) {
        const all = ['lapsed', 'finished'].includes(data.refused);
        const refused = events.find((event) => event.id === data.event);
        const dropped = this.#drop((event, of) => of === session
          && (all || event.id === data.event || event.target === data.event));
        this.hear.refused(refused, data, dropped);
      } else if (!answer.ok) {
        // Of a session that this server does not know: perhaps another dataset is at this address today. The
        // rest goes on; a tab without the lease, or without a login, can send nothing for now.
        const foreign = ['unknown', 'malformed'].includes(data.refused);
        this.hear.blocked(data, foreign ? this.#setAside(session) : 0);
        if (!foreign) break;
      }
    }
    this.hear.changed();
  }

  // Out of the way until somebody opens a session again; it stays in the browser's store.
  #setAside(session) {
    const before = this.queue.length;
    this.queue = this.queue.filter((entry) => entry.session !== session);
    return before - this.queue.length;
  }

  #drop(unwanted) {
    const gone = this.queue.filter((entry) => unwanted(entry.event, entry.session));
    this.queue = this.queue.filter((entry) => !gone.includes(entry));
    for (const { key } of gone) localStorage.removeItem(key);
    return gone.length;
  }
}
