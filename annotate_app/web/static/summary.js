// After a session: the choice to verify its deletions now, and the summary with its pictures.

import { address } from './api.js';
import { byId, make, setOpen, showScreen } from './dom.js';

// Resolves to true if the reviewer wants to verify the deletions of a finished session now. `data` is its summary.
export async function offerVerification(keys, data) {
  if (!data.waiting) return false;
  showScreen('judge');
  const end = byId('end');
  end.querySelector('h1').textContent = 'The session is finished';
  end.querySelector('.words').textContent = `You deleted ${data.deleted}. Each deletion is shown again, to be confirmed or restored: `
    + 'now, or preferably later by somebody else, from the start page. Until then the dataset cannot be exported.';
  return new Promise((chosen) => {
    const choose = (now) => {
      setOpen('end', false);
      chosen(now);
    };
    end.querySelector('.choices').replaceChildren(
      make('button', { className: 'main', textContent: 'Leave it to somebody else (Enter)', onclick: () => choose(false) }),
      make('button', { textContent: 'Verify them myself', onclick: () => choose(true) }),
    );
    keys.front = (action, event, down) => { if (action === 'go' && down) choose(false); };
    setOpen('end', true);
  });
}

// Shows the summary of a finished session; resolves when the reviewer leaves it.
export async function showSummary(keys, data) {
  showScreen('summary');
  const row = (name, value) => make('tr', {}, make('td', { textContent: name }), make('td', {}, value));
  const reasons = Object.entries(data.reasons)
    .map(([reason, count]) => `${count} ${reason.replace('_', ' ') || 'without a reason'}`).join(', ');
  byId('summary-words').replaceChildren(make('table', {}, make('tbody', {},
    row('reviewer', make('bdi', { textContent: data.reviewer })),
    row('judged', String(data.judged)),
    row('deleted', `${data.deleted} of at most ${data.cap}${reasons ? ` (${reasons})` : ''}`),
    row('verified', `${data.confirmed} confirmed, ${data.restored} restored, ${data.waiting} waiting${data.waiting ? ' for somebody else, who finds them on the start page' : ''}`),
    ...(data.set_aside ? [row('set aside', `This session does not count until the lead looks at it: ${data.set_aside}`)] : []),
    row('time', `${data.minutes.toFixed(1)} min, ${data.pauses} pause${data.pauses === 1 ? '' : 's'} not counted`
      + (data.seconds_each === null ? '' : `; ${data.seconds_each.toFixed(1)} s an image at the median`)))));
  byId('summary-pictures').replaceChildren(...Object.entries(data.figures).map(([name, title]) => make('figure', {},
    make('img', { src: address(`sessions/${data.session}/figures/${name}.svg`), alt: title }),
    make('figcaption', { textContent: title }))));
  byId('summary-agreement').replaceChildren(...(data.agreement.length ? data.agreement.map((each) => make('p', {
    textContent: `${each.reviewers.join(' and ')} both judged ${each.samples}: the same in ${Math.round(each.same * 100)} %, `
      + `Cohen’s kappa ${each.kappa === null ? 'not defined (one answer throughout)' : each.kappa.toFixed(2)}`,
  })) : [make('p', { textContent: 'Nobody else has judged these samples, so there is no agreement to report.' })]));
  return new Promise((leave) => {
    byId('summary-choices').replaceChildren(make('button', { className: 'main', textContent: 'To the start (Enter)', onclick: leave }));
    keys.front = (action, event, down) => { if (action === 'go' && down) leave(); };
  });
}
