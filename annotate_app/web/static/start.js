// The start page: who, under which conditions, and what there is to do.

import { get, persist } from './api.js';
import { byId, make, showScreen } from './dom.js';

const FIELDS = ['light', 'display', 'distance', 'vision'];

export const conditions = () => Object.fromEntries(FIELDS.map((field) => [field, byId(field).value.trim()]));

// Resolves to { reviewer, verifies } once the reviewer has chosen; `user` is the name of whoever is logged in,
// `verifyOwn` whether people may verify what they deleted themselves.
export function start(user, verifyOwn, message = '') {
  showScreen('start');
  byId('start-message').textContent = message;
  const name = byId('reviewer');
  if (user) Object.assign(name, { value: user, readOnly: true }); else name.focus();
  const typed = () => name.value.trim().normalize('NFC');
  byId('waiting').replaceChildren();
  name.oninput = null;
  return new Promise((resolve) => {
    let open = true;
    const choose = (verifies) => {
      if (!byId('start-form').reportValidity()) return;
      open = false;
      resolve({ reviewer: typed(), verifies });
    };
    byId('start-form').onsubmit = (event) => { // from now on, not only once the facts are there
      event.preventDefault();
      choose(null);
    };
    persist(() => get('overview')).then(({ data }) => {
      if (!open) return;
      tell(data);
      name.oninput = () => offer(data.waiting, typed(), verifyOwn, choose);
      name.oninput();
    });
  });
}

const many = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;

// How much there is to review, within which limits, and what was removed from it beforehand.
function tell(data) {
  const taken = Math.floor((100 * (data.samples - data.free)) / data.samples);
  byId('start-facts').textContent = `${many(data.samples, 'sample')} to review, ${taken} % of them judged or being judged. `
    + `A session has up to ${many(data.batch, 'image')} and is one sitting of at most ${many(data.sitting_hours, 'hour')}; `
    + `it stops counting after ${many(data.lapse_minutes, 'minute')} without a key, or a pause of ${many(data.pause_minutes, 'minute')}. `
    + 'After a reload it continues where you were.';
  const removed = byId('removed');
  removed.hidden = !data.removed.length;
  removed.querySelector('summary').textContent = `${many(data.removed.length, 'object')} removed beforehand`;
  removed.querySelector('ul').replaceChildren(...data.removed.map(([what, why]) => make('li', { textContent: `${what} (${why})` })));
}

// The sessions whose deletions wait to be verified, with a button for each that this person may verify.
function offer(waiting, reviewer, verifyOwn, choose) {
  byId('waiting').replaceChildren(...waiting.map((row) => {
    const when = new Date(row.opened_at * 1000).toLocaleString();
    const own = row.reviewer === reviewer && !verifyOwn;
    const button = make('button', { textContent: 'verify', onclick: () => choose(row.session) });
    return make('p', {}, `${many(row.deletions, 'deletion')} by `, make('bdi', { textContent: row.reviewer }),
      ` (${when}) waiting to be verified by somebody else${own ? '.' : ': '}`, ...(own ? [] : [button]));
  }));
}
