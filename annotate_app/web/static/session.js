// The state of a session as the page sees it: a stack of decisions, of which the last on an item stands.
// The server keeps the same state from the same events, and its word wins.

export class Session {
  constructor(data) {
    Object.assign(this, data); // session, kind, reviewer, cap, items, decisions, flags
    this.id = data.session;
    this.flags = new Set(data.flags);
    this.skipped = new Set(data.skipped);
    this.comments = new Map(Object.entries(data.comments).map(([position, text]) => [Number(position), text]));
    this.byItem = new Map();
    this.decisions = [];
    for (const decision of data.decisions) this.decide(decision);
    // Two keys, two meanings: in a review they judge, in a verification they judge the deletion.
    this.words = this.kind === 'verify' ? { accept: 'restore', delete: 'confirm' } : { accept: 'accept', delete: 'delete' };
  }

  get total() { return this.items.length; }

  get judged() { return this.byItem.size; }

  get left() { return this.total - new Set([...this.byItem.keys(), ...this.skipped]).size; }

  // Deletions that stand here. The server may count fewer: the page cannot tell trials and repeats from samples.
  get deletions() { return [...this.byItem.values()].filter((made) => made.at(-1).action === 'delete').length; }

  standing(position) { return this.byItem.get(position)?.at(-1); }

  // decision: { id, position, action, reason }
  decide(decision) {
    this.decisions.push(decision);
    if (!this.byItem.has(decision.position)) this.byItem.set(decision.position, []);
    this.byItem.get(decision.position).push(decision);
  }

  last() { return this.decisions.at(-1); }

  remove(id) {
    const decision = this.decisions.find((each) => each.id === id);
    if (!decision) return;
    this.decisions = this.decisions.filter((each) => each !== decision);
    const rest = this.byItem.get(decision.position).filter((each) => each !== decision);
    if (rest.length) this.byItem.set(decision.position, rest); else this.byItem.delete(decision.position);
  }

  // The first item from `start` on that is neither judged nor skipped, then the first at all; null when all are.
  next(start = 0) {
    for (let k = 0; k < this.total; k += 1) {
      const position = (start + k) % this.total;
      if (!this.byItem.has(position) && !this.skipped.has(position)) return position;
    }
    return null;
  }
}
