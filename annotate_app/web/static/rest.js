// When a pause is due, and what ends the session: both are told before they strike, with the time left.

import { Limits } from './clock.js';
import { byId } from './dom.js';

const TITLE = document.title;

export class Rest {
  constructor(judge) { this.judge = judge; }

  begin(session) {
    this.end();
    this.restedAt = performance.now() - session.worked * 1000;
    this.offered = false; // a pause, since the last one
    this.limits = session.limits && new Limits(session.limits);
    this.limited = ''; // what was said of the limits last
    this.ticking = setInterval(() => this.#tick(), 1000);
  }

  end() {
    clearInterval(this.ticking);
    document.title = TITLE;
  }

  // A pause began or ended.
  rested() {
    this.restedAt = performance.now();
    this.offered = false;
  }

  // The reviewer did something; a sign of life for the limits.
  sign(action) {
    if (!['away', 'offer'].includes(action)) this.limits?.sign(action === 'pause');
  }

  #tick() {
    const { judge } = this;
    if (this.#tellLimits()) return;
    const minutes = (performance.now() - this.restedAt) / 60000;
    if (this.offered || judge.paused || judge.ended || minutes < judge.offerPause) return;
    this.offered = true;
    judge.put('offer');
    const key = judge.keys.of('pause').length ? 'P takes a pause' : 'A pause is due';
    judge.notice(`You have judged for ${Math.round(minutes)} minutes. ${key}; it is not counted against you.`, true);
  }

  // Answers whether there was anything to tell.
  #tellLimits() {
    if (!this.limits) return false;
    const { paused } = this.judge;
    const { words, title } = this.limits.now(paused);
    byId('pause-limit').textContent = paused ? words : '';
    document.title = title ? `${title} – ${TITLE}` : TITLE;
    if (words && !paused && this.limited !== words) this.judge.notice(words, true);
    this.limited = words;
    return Boolean(words);
  }
}
