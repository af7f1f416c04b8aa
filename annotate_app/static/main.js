// The page from start to summary, and what holds for all of it: the tab's name and lease, the outbox, the keys.

import { Unreachable, get, post } from './api.js';
import { watchFocus } from './clock.js';
import { byId, identifier } from './dom.js';
import { Help } from './help.js';
import { Judge } from './judge.js';
import { Keys } from './keys.js';
import { Outbox } from './outbox.js';
import { Session } from './session.js';
import { Stage } from './stage.js';
import { conditions, start as askStart } from './start.js';
import { offerVerification, showSummary } from './summary.js';
import { Training } from './training.js';

const BEAT = 10000; // ms between signs of life; the lease lasts 30 s
const WHERE = 'perception20k.where';
const TAB = 'perception20k.tab';

export async function start(element, config) {
  // A reload hands the tab's name on. While the page is open it is not stored, so a duplicated tab gets its own.
  const tab = sessionStorage.getItem(TAB) ?? identifier();
  sessionStorage.removeItem(TAB);

  let over = null; // resolves the sitting in front when the server ends it
  const keys = new Keys();
  const stage = new Stage(byId('stage'));
  const outbox = new Outbox(tab, {
    changed: () => { showSending(outbox); judge.render(); },
    stored: (answer) => { if (judge.session) judge.stored(answer); },
    refused: (event, answer, dropped) => {
      if (!judge.session) return void (lost = `${dropped} decisions could not be stored: ${answer.message}.`);
      if (['lapsed', 'finished', 'undo', 'reason'].includes(answer.refused)) over?.(answer);
      else judge.refused(event, answer.message);
    },
    blocked: (answer, waiting) => {
      if (waiting) lost = `${waiting} decisions are of a session that this server does not know. They wait in this browser.`;
      over?.(answer);
    },
  });
  let lost = ''; // what could not be stored, to be told at the next occasion
  const judge = new Judge({ stage, outbox, keys, offerPause: config.offer_pause, done: () => over?.(null) });
  new Help({ keys, closed: () => judge.lookAgain() });
  for (const button of document.querySelectorAll('#review [data-action]:not(#buttons *)')) {
    button.onclick = (event) => keys.act(button.dataset.action, event, true);
  }
  watchFocus((ms) => judge.away(ms));
  setInterval(() => beat(false), BEAT);
  addEventListener('pagehide', () => {
    sessionStorage.setItem(TAB, tab);
    beat(true);
  });
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  function beat(release) {
    if (!judge.session) return;
    post(`/api/sessions/${judge.session.id}/lease`, { tab, release }, true)
      .then(({ ok, data }) => { if (!ok) over?.(data); }, () => {});
  }

  // Where a reload goes on: { reviewer, verifies }, or null for the start page.
  const remember = (where) => (where ? sessionStorage.setItem(WHERE, JSON.stringify(where)) : sessionStorage.removeItem(WHERE));
  const { data: { reviewer: user } } = await persist(() => get('/api/who'));
  let where = JSON.parse(sessionStorage.getItem(WHERE) ?? 'null');
  let message = '';
  for (;;) {
    try {
      where ??= await askStart(user, message);
      remember(where);
      ({ where = null, message = '' } = await sitting(where));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      where = null;
      message = 'The server does not answer. Is it running? Try again.';
    }
  }

  // One sitting from opening to summary. Answers with where to go next, or what to say on the start page.
  async function sitting(here) {
    const { reviewer, verifies } = here;
    lost = '';
    if (outbox.adopt(reviewer)) await outbox.flush();
    const opened = await post('/api/sessions', { reviewer, tab, verifies, conditions: conditions() });
    if (opened.data.refused === 'training') {
      await new Training({ stage, keys }).run(reviewer);
      return { where: here };
    }
    if (!opened.ok) return { message: `${lost} ${opened.data.message}` };
    const ended = new Promise((resolve) => { over = resolve; });
    judge.begin(new Session(opened.data));
    if (lost) judge.notice(lost, true);
    const answer = await ended;
    over = null;
    judge.leave();
    if (answer) {
      return ['undo', 'reason'].includes(answer.refused) ? { where: here } : { message: lost || answer.message };
    }
    remember(null);
    if (verifies === null && await offerVerification(keys, opened.data.session)) {
      return { where: { reviewer, verifies: opened.data.session } };
    }
    await showSummary(keys, verifies ?? opened.data.session);
    return {};
  }
}

// The page may come up while the server is just coming back.
async function persist(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 700); });
    }
  }
}

function showSending(outbox) {
  const { unsent, offline } = outbox;
  const element = byId('sending');
  element.classList.toggle('offline', offline);
  element.textContent = [offline ? 'offline' : '', unsent ? `unsent ${unsent}` : 'all sent'].filter(Boolean).join(' · ');
}
