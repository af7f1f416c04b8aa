// The two questions about an item, as one sentence; of a photo that is distorted as a whole, the second alone.
// Names stand in a <bdi>, so that one that is written from right to left leaves the sentence alone.

import { make } from './dom.js';

export function asked({ object, whole, question: [before, term, after] }) {
  if (whole) {
    const begin = before[0].toUpperCase() + before.slice(1);
    return [begin, make('b', { textContent: term }), `${after.replace(/ there$/, '')}?`];
  }
  const article = /^(the|an?|his|her|their)\s/i.test(object) ? '' : 'the ';
  const bold = (text) => make('b', { textContent: text });
  return [`Is ${article}`, make('bdi', {}, bold(object)), ' the main object in the box, and ', before, bold(term), `${after}?`];
}
