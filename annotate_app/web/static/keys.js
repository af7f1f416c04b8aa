// Which key does what. One listener for the whole page: it knows the bindings, and hands an action to whatever
// screen is in front. Held keys repeat for nobody; Space and Backspace do nothing on the stage. A button, box or
// summary that has the focus keeps Enter and Space for itself.

const STORED = 'perception20k.keys';

// name, words, default keys (WCAG 2.1.4: each can be changed or switched off)
export const ACTIONS = [
  ['back', 'back', ['ArrowLeft', 'k']],
  ['accept', 'accept', ['ArrowRight', 'j']],
  ['delete', 'delete', ['x', 'Delete']],
  ['mismatch', 'object mismatch', ['1']],
  ['unseen', 'not perceptible', ['2']],
  ['undo', 'undo', ['z']],
  ['reference', 'reference (hold)', ['r']],
  ['box', 'box', ['b']],
  ['flag', 'flag', ['f']],
  ['severity', 'severity', ['s']],
  ['comment', 'comment', ['c']],
  ['skip', 'skip (only what cannot be shown)', ['n']],
  ['pause', 'pause', ['p']],
  ['help', 'keys', ['?']],
];

const NAMES = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Delete: 'Del' };

export const keyName = (key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);

const normal = (key) => (key.length === 1 ? key.toLowerCase() : key);

export class Keys {
  constructor() {
    this.defaults = () => ({ on: true, of: Object.fromEntries(ACTIONS.map(([name, , keys]) => [name, [...keys]])) });
    this.bindings = this.#read();
    this.front = () => {}; // (action, event, down) of the screen in front; down is null for the other way round
    this.over = () => false; // the same of what may lie over it; true if that took it
    this.words = {}; // other words for some actions, see relabel
    this.learning = null; // the action that waits for its new key
    this.changed = () => {};
    addEventListener('keydown', (event) => this.#down(event), true);
    addEventListener('keyup', (event) => this.#up(event), true);
  }

  act(action, event, down) {
    if (!this.over(action, event, down)) this.front(action, event, down);
  }

  // A screen may mean something else by an action, or (null) nothing: it says so on the buttons and in the help.
  relabel(words) { this.words = words; this.changed(); }

  // [name, words] of every action that means something now.
  get actions() {
    return ACTIONS.map(([name, words]) => [name, name in this.words ? this.words[name] : words]).filter(([, words]) => words);
  }

  of(action) { return this.bindings.on ? this.bindings.of[action] : []; }

  learn(action) { this.learning = action; this.changed(); }

  forget(action) { this.bindings.of[action] = []; this.#write(); }

  switch(on) { this.bindings.on = on; this.#write(); }

  reset() { this.bindings = this.defaults(); this.#write(); }

  #down(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== 'checkbox';
    if (typing && event.key === 'Escape') return this.act('close', event, true);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.learning) return this.#learnt(event);
    if (event.key === 'Escape') return this.act('close', event, true);
    const control = event.target.closest('button, input, summary');
    if (event.key === ' ' || event.key === 'Backspace') {
      const judging = document.getElementById('review').dataset.screen === 'judge';
      if (judging && !control) event.preventDefault();
      return;
    }
    if (event.key === 'Enter') {
      if (!control || event.repeat) event.preventDefault(); // else it would also press what comes to have the focus
      if (!control && !event.repeat) this.act('go', event, true);
      return;
    }
    if (event.shiftKey && event.key.startsWith('Arrow')) {
      event.preventDefault();
      return this.act(`pan${event.key}`, event, true);
    }
    const action = this.#actionOf(event.key);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat) this.act(action, event, true);
  }

  #up(event) {
    const action = this.#actionOf(event.key);
    if (action === 'reference') this.act(action, event, false);
  }

  #actionOf(key) {
    return ACTIONS.map(([name]) => name).find((name) => this.of(name).includes(normal(key)));
  }

  #learnt(event) {
    if (event.repeat || ['Shift', 'CapsLock'].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const key = normal(event.key);
    if (!['Escape', 'Enter', 'Tab', ' ', 'Backspace'].includes(key)) {
      for (const name of Object.keys(this.bindings.of)) {
        this.bindings.of[name] = this.bindings.of[name].filter((each) => each !== key);
      }
      this.bindings.of[this.learning] = [key];
    }
    this.learning = null;
    this.#write();
  }

  #read() {
    const bindings = this.defaults();
    try {
      const stored = JSON.parse(localStorage.getItem(STORED) ?? '{}');
      bindings.on = stored.on ?? true;
      Object.assign(bindings.of, stored.of);
    } catch { /* unreadable: the defaults */ }
    return bindings;
  }

  #write() {
    localStorage.setItem(STORED, JSON.stringify(this.bindings));
    this.changed();
  }
}
