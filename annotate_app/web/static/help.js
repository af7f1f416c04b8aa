// The sheet of keys, over whatever screen is in front: what each does, and changing or switching it off.

import { byId, make, setOpen } from './dom.js';
import { keyName } from './keys.js';

export class Help {
  constructor({ keys, closed }) {
    Object.assign(this, { keys, closed });
    keys.over = (action, event, down) => this.#take(action, down);
    keys.changed = () => this.render();
    byId('keys-on').onchange = (event) => keys.switch(event.target.checked);
    byId('keys-default').onclick = () => keys.reset();
    this.render();
  }

  #take(action, down) {
    if (byId('review').dataset.screen !== 'judge') return false;
    const open = byId('help').classList.contains('open');
    if (['comment', 'giving-back'].some((id) => byId(id).classList.contains('open'))) return false;
    if (action !== 'help' && !(action === 'close' && open)) return open;
    if (!down) return true;
    this.keys.learning = null;
    setOpen('help', !open);
    if (open) this.closed();
    return true;
  }

  render() {
    const { keys } = this;
    const at = document.activeElement?.getAttribute('aria-label');
    byId('keys-on').checked = keys.bindings.on;
    byId('bindings').replaceChildren(...keys.actions.map(([action, words]) => {
      const shown = keys.learning === action ? ['press the new key'] : keys.bindings.of[action].map(keyName);
      const change = make('button', { textContent: 'change', onclick: () => keys.learn(action) });
      const off = make('button', { textContent: 'off', onclick: () => keys.forget(action) });
      change.setAttribute('aria-label', `change the key of ${words}`);
      off.setAttribute('aria-label', `switch off the key of ${words}`);
      const caps = shown.length ? shown.map((name) => make('kbd', { textContent: name })) : ['off'];
      return make('tr', {}, make('td', { textContent: words }), make('td', {}, ...caps), make('td', {}, change, ' ', off));
    }));
    byId('bindings').querySelector(`[aria-label="${at}"]`)?.focus(); // the button that was pressed is a new one now
    this.#buttons();
  }

  // The row of buttons below the stage: the same actions for the mouse, with their keys.
  #buttons() {
    const { keys } = this;
    byId('buttons').replaceChildren(...keys.actions.map(([action, words]) => {
      const key = keys.of(action)[0];
      const button = make('button', {}, ...(key ? [make('b', { textContent: keyName(key) })] : []), words);
      button.dataset.action = action;
      if (action === 'reference') {
        button.onpointerdown = (event) => keys.act(action, event, true);
        button.onpointerup = button.onpointerleave = (event) => keys.act(action, event, false);
      }
      button.onclick = (event) => {
        const pointer = event.detail > 0;
        if (pointer) button.blur(); // so that the next key is not for the button
        if (action !== 'reference') keys.act(action, event, true);
        else if (!pointer) keys.act(action, event, null); // a key on a button cannot be held: on, or off again
      };
      return button;
    }));
  }
}
