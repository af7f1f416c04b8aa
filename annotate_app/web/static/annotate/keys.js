// Which key does what on the drawing screen, and the buttons and the help that say so.

import { byId, make } from '../dom.js';

// name, key as the browser calls it, key as it is printed, words for the button, words for the help
const KEYS = [
  ['done', 'Enter', 'Enter', 'done, next', 'done, next photo; in the name field: take the name'],
  ['skip', 's', 'S', 'nothing here', 'nothing to draw here: skip the photo'],
  ['undo', 'z', 'Z', 'undo', 'undo the last step on this photo, and then on the one before'],
  ['delete', 'x', 'X', 'delete box', 'delete the selected box (Del and Backspace too)'],
  ['name', 'r', 'R', 'rename', 'rename the selected box'],
  ['accept', 'a', 'A', 'accept', 'accept the selected proposal, or all of them'],
  ['add', 'b', 'B', 'add box', 'add a box in the middle, without the mouse'],
  ['previous', 'PageUp', 'PgUp', 'previous', 'previous photo (K too)'],
  ['next', 'PageDown', 'PgDn', 'next', 'next photo, leaving this one as it is (J too)'],
  ['help', '?', '?', 'keys', 'these keys'],
];

const MORE = [
  ['drag', 'draw a box; drag a box or its corners to change it'],
  ['← ↑ → ↓', 'move the selected box by a pixel; held down, by five'],
  ['Shift + arrows', 'resize it at its lower right corner'],
  ['Tab, Shift + Tab', 'select the next or previous box; in the name field: complete the name'],
  ['Esc', 'select nothing, to draw inside a box; in the name field: leave the name as it was'],
];

const ALSO = { Delete: 'delete', Backspace: 'delete', k: 'previous', j: 'next', Escape: 'deselect' };

// `act(action)` and `nudge(key, resize, held)` are called while the drawing screen is in front.
export function listen({ act, nudge }) {
  byId('buttons').replaceChildren(...KEYS.map(([action, , printed, words]) => {
    const button = make('button', { type: 'button', onclick: () => act(action) }, make('b', { textContent: printed }), ` ${words}`);
    button.dataset.action = action;
    return button;
  }));
  byId('keys').replaceChildren(...[...KEYS.map(([, , printed, , words]) => [printed, words]), ...MORE].map(([key, words]) => (
    make('tr', {}, make('td', {}, make('kbd', { textContent: key })), make('td', { textContent: words })))));
  const help = byId('help');
  const show = (open) => {
    help.hidden = !open;
    for (const section of byId('annotate').children) section.inert = open && section !== help;
    (open ? help : byId('stage')).focus();
  };
  byId('help-close').onclick = () => show(false);
  const take = (action) => (action === 'help' ? show(help.hidden) : act(action));
  byId('buttons').querySelector('[data-action=help]').onclick = () => take('help');

  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (!help.hidden) {
      if (key === 'Escape' || key === '?') show(false);
      return undefined;
    }
    if (byId('annotate').dataset.screen !== 'draw' || target.tagName === 'INPUT' || event.metaKey || event.altKey) return undefined;
    if (event.ctrlKey) {
      // Annotorious has an undo of its own on this key, which would know nothing of our steps.
      if (key.toLowerCase() === 'z' || key.toLowerCase() === 'y') stop(event);
      return key.toLowerCase() === 'z' && !event.repeat ? act('undo') : undefined;
    }
    if (key.startsWith('Arrow')) {
      stop(event);
      return nudge(key, event.shiftKey, event.repeat);
    }
    // Tab goes through the boxes while the photo has the focus, and through the page from anywhere else.
    if (key === 'Tab' && target.id === 'stage') {
      if (!document.querySelector('#objects li')) return undefined;
      stop(event);
      return act(event.shiftKey ? 'select back' : 'select');
    }
    if ((key === 'Enter' || key === ' ') && target.closest('button, summary')) return undefined;
    const action = ALSO[key] ?? KEYS.find(([, wanted]) => wanted === (key.length === 1 ? key.toLowerCase() : key))?.[0];
    if (!action) return undefined;
    stop(event);
    return event.repeat ? undefined : take(action);
  }, true);
}

function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}
