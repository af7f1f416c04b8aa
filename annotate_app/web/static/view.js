// The lines above and the buttons below the image, as a session stands.

import { byId, make, setOpen } from './dom.js';
import { asked } from './question.js';

export const REASON_WORDS = { object_mismatch: 'object mismatch', not_perceptible: 'not perceptible' };

export function show(judge) {
  const { session, position, stage } = judge;
  const item = session.items[position]; // none before the first is shown
  const bold = (text) => make('b', { textContent: text });
  const before = session.standing(position);
  const severity = judge.severity && item ? ` (severity ${item.severity})` : '';
  const question = !item ? [] : session.kind === 'review'
    ? [...asked(item), severity]
    : ['Deleted', item.reason ? ` (${REASON_WORDS[item.reason]})` : '', ': ', make('bdi', {}, bold(item.object)), ', ', bold(item.label), `${severity}. Confirm the deletion, or restore it?`];
  if (judge.referring) byId('question').replaceChildren(bold('Reference'), ' (without distortion)');
  else if (judge.ended || !item) byId('question').replaceChildren('');
  else byId('question').replaceChildren(...question);

  const parts = [`${Math.min(session.judged + 1, session.total)} of ${session.total}`, judge.pace.words(session.left)];
  if (session.kind === 'review') {
    const used = Math.min(session.deletions, session.cap);
    parts.push(`deletions: ${used} used, ${session.cap - used} left`);
    parts.push(judge.rest.limits?.sitting ?? '');
  }
  byId('judge').classList.toggle('broken', Boolean(stage.broken) && !judge.ended);
  byId('progress').textContent = parts.filter(Boolean).join(' · ');
  byId('larger').style.display = stage.larger ? 'inline' : 'none';
  const marks = { accept: 'accept', restore: 'accept', delete: 'delete', confirm: 'delete' };
  for (const button of byId('buttons').querySelectorAll('button')) {
    const { action } = button.dataset;
    const on = !judge.ended && ((before && marks[before.action] === action)
      || (action === 'flag' && session.flags.has(position)) || (action === 'box' && !stage.boxOn)
      || (action === 'comment' && session.comments.has(position)) || (action === 'severity' && judge.severity) || (action === 'reference' && judge.referring));
    button.classList.toggle('on', Boolean(on));
  }
}

// Everything is judged: what there is to say, and `finish` on a button.
export function showEnd(session, finish) {
  const skipped = session.total - session.judged;
  const [heading, words] = session.kind === 'review'
    ? [skipped ? `${session.judged} are judged, ${skipped} could not be shown` : `All ${session.total} are judged`, 'Press Enter to finish the session. Until then you can go back or undo; afterwards the decisions are final.']
    : ['All deletions are verified', 'Press Enter for the summary. Until then you can go back or undo.'];
  const button = make('button', { className: 'main', textContent: session.kind === 'review' ? 'Finish (Enter)' : 'Summary (Enter)', onclick: finish });
  const end = byId('end');
  end.querySelector('h1').textContent = heading;
  end.querySelector('.words').textContent = words;
  end.querySelector('.choices').replaceChildren(button);
  setOpen('end', true);
}
