// Times of a session: how long an image has been looked at, how the reference and the box were used meanwhile,
// how long the page was out of focus, and how much longer the batch will take.

export class Look {
  constructor() {
    this.began = performance.now();
    this.onScreen = false;
    this.missed = false; // it had to be waited for
    this.referenceUses = 0;
    this.referenceMs = 0;
    this.hiddenMs = 0;
  }

  painted() {
    this.began = performance.now();
    this.onScreen = true;
  }

  reference(on) {
    if (on) { this.referenceSince = performance.now(); this.referenceUses += 1; return; }
    if (this.referenceSince) this.referenceMs += performance.now() - this.referenceSince;
    this.referenceSince = null;
  }

  box(on) {
    if (!on) { this.hiddenSince = performance.now(); return; }
    if (this.hiddenSince) this.hiddenMs += performance.now() - this.hiddenSince;
    this.hiddenSince = null;
  }

  // What the server logs with a decision made at `stamp` (an event's timeStamp).
  at(stamp) {
    if (this.referenceSince) this.reference(false);
    if (this.hiddenSince) { this.box(true); this.box(false); }
    const dwell = stamp - this.began;
    const at = clockOf(stamp);
    return {
      at,
      painted_at: this.onScreen && dwell >= 0 ? at - dwell / 1000 : null, // null: the key was pressed before
      dwell_ms: Math.max(0, dwell),
      reference_uses: this.referenceUses,
      reference_ms: this.referenceMs,
      box_hidden_ms: this.hiddenMs,
      preload_miss: this.missed,
    };
  }
}

// Seconds since 1970 of an event's timeStamp.
export const clockOf = (stamp) => (Date.now() - (performance.now() - stamp)) / 1000;

export class Pace {
  constructor() { this.times = []; }

  note(ms) {
    this.times.push(ms);
    if (this.times.length > 25) this.times.shift();
  }

  // Words for the time that `left` items will take; empty before there is anything to go by.
  words(left) {
    if (this.times.length < 3 || !left) return '';
    const middle = [...this.times].sort((a, b) => a - b)[Math.floor(this.times.length / 2)];
    const minutes = (middle * left) / 60000;
    return minutes < 1 ? 'under 1 min left' : `about ${Math.round(minutes)} min left`;
  }
}

const duration = (seconds) => {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours ? `${hours} h ${rest} min` : `${minutes} min`;
};

// What ends a review by itself: no key for too long, too long a pause, too long a sitting. The server has the word;
// here they are told in time. Seconds: { lapse, pause, sitting, idle, sat }.
export class Limits {
  constructor(limits) {
    Object.assign(this, { ...limits, sittingSeconds: limits.sitting, sitting: '' });
    this.began = performance.now() - limits.sat * 1000;
    this.signed = performance.now() - limits.idle * 1000;
  }

  sign() { this.signed = performance.now(); }

  // { words, title }: what to say now, empty while nothing is near.
  now(paused) {
    const seconds = (since) => (performance.now() - since) / 1000;
    const sitting = (this.sittingSeconds ?? Infinity) - seconds(this.began);
    const rest = (paused ? this.pause : this.lapse) - seconds(this.signed);
    const left = Math.min(rest, sitting);
    this.sitting = sitting < 1800 ? `the sitting ends in ${duration(sitting)}` : '';
    if (left <= 0) return { words: 'The time is over: this session does not count any more.', title: 'Over' };
    const title = `${duration(left)} left`;
    if (paused) return { words: `Go on within ${duration(left)}, or the session does not count.`, title: left < 600 ? title : '' };
    if (rest < Math.min(300, this.lapse / 3)) {
      return { words: `No key for a while. In ${duration(rest)} this session stops counting; any decision keeps it.`, title };
    }
    if (sitting < Math.min(900, this.sittingSeconds / 10)) {
      return { words: `A sitting has a limit: what is not finished in ${duration(sitting)} does not count.`, title };
    }
    return { words: '', title: '' };
  }
}

// Calls `back(ms)` whenever the page comes back to the front.
export function watchFocus(back) {
  let since = null;
  const look = () => {
    const here = document.hasFocus() && document.visibilityState === 'visible';
    if (!here) since ??= performance.now();
    else if (since !== null) {
      back(performance.now() - since);
      since = null;
    }
  };
  addEventListener('blur', look);
  addEventListener('focus', look);
  document.addEventListener('visibilitychange', look);
}
