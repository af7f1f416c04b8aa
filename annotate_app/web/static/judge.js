// Judging: one key, one event in the outbox, the next image. Reviews and verifications alike.

import { address } from './api.js';
import { Look, Pace, clockOf } from './clock.js';
import { byId, identifier, setOpen, showScreen } from './dom.js';
import { keyName } from './keys.js';
import { Rest } from './rest.js';
import { Sheets } from './sheets.js';
import { REASON_WORDS, show, showEnd } from './view.js';

const REASONS = { mismatch: 'object_mismatch', unseen: 'not_perceptible' };
const PAN = { panArrowLeft: [60, 0], panArrowRight: [-60, 0], panArrowUp: [0, 60], panArrowDown: [0, -60] };

export class Judge {
  // done() is called when all is judged, the reviewer says so, and the server has it; gaveBack() when the session
  // was given back
  constructor({ stage, outbox, keys, offerPause, done, gaveBack }) {
    Object.assign(this, { stage, outbox, keys, offerPause, done, gaveBack });
    this.pace = new Pace();
    // A key that is let go elsewhere is never heard of: the reference must not stay up.
    addEventListener('blur', () => { if (this.referring) this.#reference(false); });
    this.sheets = new Sheets(this);
    this.rest = new Rest(this);
  }

  begin(session) {
    this.#clear();
    this.session = session;
    this.stage.onBroken = () => this.#tellBroken();
    const base = address(`sessions/${session.id}`);
    this.stage.use(session.items.map((item, k) => (
      { ...item, image: `${base}/images/${k}`, reference: `${base}/references/${k}` })));
    this.stage.showBox(true);
    showScreen('judge');
    byId('stage').focus(); // off the name's field at once, so that the first key is not for it
    this.keys.front = (...args) => this.act(...args);
    this.keys.relabel(session.kind === 'verify'
      ? { accept: 'restore', delete: 'confirm the deletion', mismatch: null, unseen: null } : {});
    this.put('open', { display: {
      screen: [screen.width, screen.height],
      viewport: [innerWidth, innerHeight],
      pixel_ratio: devicePixelRatio,
      agent: navigator.userAgent.slice(0, 500),
    } });
    this.rest.begin(session);
    this.notice('');
    byId('give-back').hidden = session.kind !== 'review';
    this.#go(session.next());
  }

  act(action, event, down) {
    if (action === 'reference' && this.stage.broken) return void (down !== false && this.#retry());
    if (action === 'reference') return this.#reference(down ?? !this.referring);
    if (!down) return;
    if (this.sheets.take(action)) return;
    if (action === 'pause' || (action === 'close' && this.paused)) return this.#pause();
    if (this.paused) return;
    if (action === 'undo') return this.#undo();
    if (action === 'back') return this.#back();
    if (action === 'comment') return void (!this.ended && this.sheets.write());
    if (this.ended) return void (action === 'go' && this.#finish());
    if (action === 'accept' || action === 'delete') return this.#decide(action, event.timeStamp);
    if (action in REASONS) return this.#explain(action);
    if (action === 'flag') return this.#flag();
    if (action === 'skip') return this.#skip();
    if (action === 'box') {
      this.stage.showBox(!this.stage.boxOn);
      this.look.box(this.stage.boxOn);
      return this.render();
    }
    if (action === 'severity') { this.severity = !this.severity; return this.render(); }
    if (action in PAN) this.stage.pan(...PAN[action]);
  }

  leave() {
    this.rest.end();
    this.#clear();
    this.session = null;
    this.keys.front = () => {};
    this.keys.relabel({});
  }

  // Nothing half done in one session may leak into the next.
  #clear() {
    this.asking = null; // the deletion that waits for the server's word
    this.finishing = null;
    this.paused = this.ended = this.severity = this.referring = false;
    this.keys.learn(null);
    for (const over of ['pause', 'help']) setOpen(over, false);
    this.sheets.close();
    this.stage.blank(false);
  }

  // The stage is visible again: time on this image starts over.
  lookAgain() {
    if (this.session && !this.ended && !this.paused) this.#go(this.position);
  }

  away(ms) {
    if (this.session && !this.ended && !this.paused) this.put('away', { dwell_ms: ms });
  }

  // The server refused a decision: undo it here, and show the item it was about.
  refused(event, message) {
    if (this.asking?.id === event.id) this.asking = null;
    else this.session.remove(event.id);
    if (event.action === 'skip') this.session.skipped.delete(event.position);
    this.#go(event.position);
    this.notice(message, true);
  }

  stored(answer) {
    if (this.asking && answer.stored.includes(this.asking.id)) {
      const { asking } = this;
      this.asking = null;
      this.#advance(asking);
    }
    this.render();
  }

  notice(words, refused = false) {
    byId('notice').textContent = words;
    byId('notice').classList.toggle('refused', refused);
  }

  put(action, more = {}, stamp = performance.now()) {
    const event = { id: identifier(), action, at: clockOf(stamp), ...more };
    try {
      this.outbox.put(this.session.id, this.session.reviewer, event);
    } catch (error) {
      this.notice(`This browser could not store the decision (${error.message}), so it was not made.`, true);
      return null;
    }
    this.rest.sign(action);
    return event;
  }

  #decide(key, stamp) {
    if (this.asking) return this.notice('Asking the server about the deletion…');
    if (this.referring) return this.notice('This is the reference, so nothing was decided. Let go of it first.', true);
    if (this.stage.broken) return this.#tellBroken();
    if (!this.stage.ready) return this.notice('The image has not loaded yet, so nothing was decided.', true);
    const { session } = this;
    const action = session.words[key];
    const before = session.standing(this.position);
    const look = this.look.at(stamp);
    const event = this.put(action, { position: this.position, ...look }, stamp);
    if (!event) return;
    this.pace.note(look.dwell_ms);
    const decision = { id: event.id, position: this.position, action, reason: null };
    // At the limit the server has the word: it alone knows which deletions count.
    const atLimit = action === 'delete' && before?.action !== 'delete' && session.deletions >= session.cap;
    if (atLimit) {
      this.asking = decision;
      this.notice('Asking the server about the deletion…');
    } else this.#advance(decision);
  }

  #advance(decision) {
    this.session.decide(decision);
    const words = this.session.items[decision.position];
    const said = { accept: 'Accepted', delete: 'Deleted', restore: 'Restored', confirm: 'Deletion confirmed' };
    const more = decision.action === 'delete' ? '. Why? 1 object mismatch, 2 not perceptible' : '';
    this.notice(`${said[decision.action]}: ${words.object}, ${words.label}${more}`);
    this.#go(this.session.next(decision.position + 1));
  }

  #explain(key) {
    const last = this.session.last();
    if (this.session.kind === 'verify') return;
    if (last?.action !== 'delete') return this.notice('The last decision is no deletion, so it has no reason.');
    if (!this.put('reason', { target: last.id, value: REASONS[key] })) return;
    last.reason = REASONS[key];
    const words = this.session.items[last.position];
    this.notice(`Reason for deleting ${words.object}, ${words.label}: ${REASON_WORDS[last.reason]}`);
  }

  #undo() {
    if (this.asking) return;
    const last = this.session.last();
    if (!last) return this.notice('There is nothing to undo.');
    if (!this.put('undo', { target: last.id })) return;
    this.session.remove(last.id);
    this.#go(last.position);
    this.notice('Undone.');
  }

  #back() {
    const from = this.ended ? this.session.total : this.position;
    if (from > 0) this.#go(from - 1);
  }

  #flag() {
    const { session, position } = this;
    const on = !session.flags.has(position);
    if (!this.put(on ? 'flag' : 'unflag', { position })) return;
    if (on) session.flags.add(position); else session.flags.delete(position);
    this.render();
  }

  #skip() {
    if (!this.stage.broken) return this.notice('This image can be shown, so it is not skipped.');
    const { position } = this;
    if (!this.put('skip', { position })) return;
    this.session.skipped.add(position);
    this.notice('Skipped. Whoever leads the review sees which image cannot be shown.');
    this.#go(this.session.next(position + 1));
  }

  #retry() {
    this.notice('Loading the image again…');
    this.stage.retry();
  }

  #tellBroken() {
    this.told = true;
    const [again, skip] = ['reference', 'skip'].map((action) => this.keys.of(action)[0]);
    const key = (name, words) => (name ? `${keyName(name)} ${words}` : `the button ${words}`);
    this.notice(`This image is ${this.stage.broken}. ${key(again, 'loads it again')}, ${key(skip, 'skips it')}.`, true);
    this.render();
  }

  #reference(down) {
    if (this.paused || this.ended || down === this.referring) return;
    this.referring = down;
    this.look.reference(down);
    if (!this.stage.refer(down) && down) this.notice('The reference is loading.');
    this.render();
  }

  #pause() {
    this.paused = !this.paused;
    this.put(this.paused ? 'pause' : 'resume');
    this.stage.blank(this.paused);
    setOpen('pause', this.paused);
    this.rest.rested();
    if (!this.paused && !this.ended) this.#go(this.position);
  }

  #go(position) {
    this.referring = false;
    this.ended = position === null;
    if (this.ended) {
      showEnd(this.session, () => this.#finish());
      return this.render();
    }
    setOpen('end', false);
    this.position = position;
    const look = new Look();
    this.look = look;
    if (!this.stage.boxOn) look.box(false);
    this.told = false;
    this.stage.show(position, () => {
      look.painted();
      if (!this.told) return;
      this.told = false; // what was said of the image that could not be shown is over
      this.notice('');
      this.render();
    });
    look.missed = !this.stage.ready;
    this.render();
  }

  async #finish() {
    if (this.session.left) return;
    const { session } = this;
    if (session.kind === 'review') {
      if (this.finishing) return;
      this.finishing = this.put('finish');
    }
    this.notice('Sending the last decisions…');
    await this.outbox.flush();
    if (this.session !== session) return;
    this.finishing = null;
    if (this.outbox.unsent || session.left || !this.ended) return;
    this.done();
  }

  render() { if (this.session) show(this); }
}
