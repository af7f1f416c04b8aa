// Times of a session: how long an image has been looked at, how the reference and the box were used meanwhile,
// how long the page was out of focus, and how much longer the batch will take.

export class Look {
  constructor() {
    this.began = performance.now();
    this.paintedAt = null;
    this.missed = false;
    this.referenceUses = 0;
    this.referenceMs = 0;
    this.hiddenMs = 0;
  }

  painted(missed) {
    this.began = performance.now();
    this.paintedAt = Date.now() / 1000;
    this.missed = missed;
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
    return {
      painted_at: this.paintedAt,
      dwell_ms: Math.max(0, stamp - this.began),
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
