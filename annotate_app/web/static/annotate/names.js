// A field for an object's name that completes over the names already used: a combobox with a list below it.

import { make } from '../dom.js';

const MOST = 6;

export class NameField {
  constructor(names) {
    this.names = names; // most used first
    this.input = make('input', { maxLength: 80, autocomplete: 'off', spellcheck: true });
    this.list = make('ul', { id: 'matches', hidden: true });
    this.element = make('div', { className: 'name' }, this.input, this.list);
    for (const [key, value] of Object.entries({
      role: 'combobox', 'aria-label': 'What is in the box', 'aria-autocomplete': 'list', 'aria-controls': 'matches', 'aria-expanded': 'false',
    })) this.input.setAttribute(key, value);
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', 'Names already used');
    this.at = -1;
    this.close = () => {};
    this.input.addEventListener('input', () => this.#match());
    this.input.addEventListener('keydown', (event) => this.#key(event));
    this.input.addEventListener('blur', () => this.#done(true));
  }

  // Ask for a name; `close(name)` gets it, or null when it was left with Escape.
  ask(name, taken, close) {
    this.taken = new Set(taken.map((each) => each.toLowerCase()));
    this.close = close;
    this.input.value = name;
    this.input.focus();
    this.input.select();
    this.#match();
  }

  #match() {
    const typed = this.input.value.trim().toLowerCase();
    const free = this.names().filter((name) => !this.taken.has(name.toLowerCase()) && name.toLowerCase() !== typed);
    const starts = free.filter((name) => name.toLowerCase().startsWith(typed));
    const holds = typed ? free.filter((name) => !starts.includes(name) && name.toLowerCase().includes(typed)) : [];
    const matches = [...starts, ...holds].slice(0, MOST);
    const same = String(matches) === String(this.matches) && this.at < 0 && this.list.hidden === !matches.length;
    this.matches = matches;
    this.at = -1;
    if (!same) this.#show();
  }

  #show() {
    this.list.replaceChildren(...this.matches.map((name, place) => {
      const item = make('li', { id: `match-${place}`, textContent: name, onpointerdown: (event) => {
        event.preventDefault(); // which would take the focus
        this.input.value = name;
        this.#done(true);
      } });
      item.setAttribute('role', 'option');
      item.setAttribute('aria-selected', String(place === this.at));
      return item;
    }));
    this.list.hidden = !this.matches.length;
    this.input.setAttribute('aria-expanded', String(!this.list.hidden));
    if (this.at < 0) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `match-${this.at}`);
  }

  #key(event) {
    const { key } = event;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      if (!this.matches.length) return;
      const count = this.matches.length + 1; // -1 is what was typed
      this.at = ((this.at + 1 + (key === 'ArrowDown' ? 1 : count - 1)) % count) - 1;
      this.#show();
    } else if (key === 'Tab' && !event.shiftKey && this.matches.length && this.input.value) {
      event.preventDefault(); // the first match, as a shell completes
      this.input.value = this.matches[Math.max(this.at, 0)];
      this.#match();
    } else if (key === 'Enter' || key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      if (key === 'Enter' && this.at >= 0) this.input.value = this.matches[this.at];
      this.#done(key === 'Enter');
    }
  }

  #done(taken) {
    const { close } = this;
    this.close = () => {};
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    close(taken ? this.input.value.trim() : null);
  }
}
