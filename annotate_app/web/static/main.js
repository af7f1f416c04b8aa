// The page from start to summary, and what holds for all of it: the tab's name and lease, the outbox, the keys.

import { Unreachable, get, persist, post } from './api.js';
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

const BEAT = 10000; // ms between heartbeats; the lease lasts 30 s
const WHERE = 'perception20k.where';
const TAB = 'perception20k.tab';
const OVER = ['lapsed', 'finished']; // refusals after which a session takes nothing more

async function start(config) {
  // A reload hands the tab's name on. While the page is open it is not stored, so a duplicated tab gets its own.
  const tab = sessionStorage.getItem(TAB) ?? identifier();
  sessionStorage.removeItem(TAB);

  let over = null; // resolves the current session when the server ends it
  const keys = new Keys();
  const stage = new Stage(byId('stage'));
  const outbox = new Outbox(tab, {
    changed: () => { showSending(outbox); judge.render(); },
    stored: (answer) => { if (judge.session) judge.stored(answer); },
    refused: (event, answer, dropped) => {
      if (!judge.session) return void (lost = `${lost} ${dropped} decisions could not be stored: ${answer.message}`.trim());
      if (event.position !== undefined && !OVER.includes(answer.refused)) return judge.refused(event, answer.message);
      // The session is unfinished because a decision was refused, which was shown already.
      if (event.action === 'finish' && judge.session.left) return;
      over?.(answer);
    },
    blocked: (answer, waiting) => {
      if (waiting) lost = `${waiting} decisions belong to a session that this server does not know. They are kept in this browser.`;
      over?.(answer);
    },
  });
  let lost = ''; // what was refused or could not be stored; shown on the next screen
  const judge = new Judge({
    stage,
    outbox,
    keys,
    offerPause: config.offer_pause,
    done: () => over?.(null),
    gaveBack: () => over?.({ message: 'The session was given back. Its samples are free for others, and nothing of it counts.' }),
  });
  followStage();
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
    const { session } = judge;
    if (!session) return;
    post(`sessions/${session.id}/lease`, { tab, release }, true)
      .then(({ ok, data }) => { if (!ok && judge.session === session) over?.(data); }, () => {});
  }

  // Where a reload goes on: { reviewer, verifies } or, after a review, { reviewer, finished }; null for the start page.
  const remember = (where) => (where ? sessionStorage.setItem(WHERE, JSON.stringify(where)) : sessionStorage.removeItem(WHERE));
  const { data: { reviewer: user } } = await persist(() => get('who'));
  let where = JSON.parse(sessionStorage.getItem(WHERE) ?? 'null');
  let message = '';
  for (;;) {
    try {
      if (!where) {
        where = await askStart(user, config.verify_own, message);
        message = '';
      }
      remember(where);
      ({ where = null, message = '' } = await runSession(where, message));
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      where = null;
      message = error.reason ? `${error.reason}. Nothing can be stored until there is room; ask whoever runs the server.`
        : 'The server does not respond. Is it running? Try again.';
    }
  }

  // One session from opening to its end, or what follows a finished review. Returns where to go next and what to
  // say there.
  async function runSession(here, message) {
    const { reviewer, verifies = null, finished = null } = here;
    lost = message;
    const adopted = outbox.adopt(reviewer);
    if (adopted.length) await outbox.flush();
    const finish = adopted.findLast(({ event }) => event.action === 'finish'); // pressed in a tab that is gone
    const done = finished ?? (verifies === null ? finish?.session : null);
    if (done) {
      const { ok, data } = await get(`sessions/${done}/summary`);
      if (ok) return afterwards(reviewer, data);
    }
    const opened = await post('sessions', { reviewer, tab, verifies, conditions: conditions() });
    if (opened.data.refused === 'training') {
      const trained = await new Training({ stage, keys }).run(reviewer);
      return trained.ok ? { where: here, message: lost } : { message: trained.data.message };
    }
    if (!opened.ok) return { message: `${lost} ${opened.data.message}`.trim() };
    const ended = new Promise((resolve) => { over = resolve; });
    judge.begin(new Session(opened.data));
    if (lost) judge.notice(lost, true);
    lost = '';
    const answer = await ended;
    over = null;
    judge.leave();
    if (!answer) return { where: { reviewer, finished: verifies ?? opened.data.session } };
    // The server does not have what the page took for done: on from the server's state.
    if (answer.event && !OVER.includes(answer.refused)) return { where: here, message: answer.message };
    return { message: lost || answer.message };
  }

  // After a review: the offer to verify its deletions while any waits, or the summary.
  async function afterwards(reviewer, summary) {
    remember({ reviewer, finished: summary.session });
    if (config.verify_own && await offerVerification(keys, summary)) return { where: { reviewer, verifies: summary.session } };
    await showSummary(keys, summary);
    remember(null);
    return { message: lost };
  }
}

// Sheets lie over the stage: as tall as the lines above and the buttons below it leave it.
function followStage() {
  const [review, stage] = [byId('review'), byId('stage')];
  new ResizeObserver(() => {
    const { top, bottom, height } = stage.getBoundingClientRect();
    if (!height) return;
    review.style.setProperty('--above', `${top}px`);
    review.style.setProperty('--below', `${innerHeight - bottom}px`);
  }).observe(stage);
}

function showSending(outbox) {
  const { unsent, offline } = outbox;
  const element = byId('sending');
  element.classList.toggle('offline', Boolean(offline));
  element.textContent = [offline, unsent ? `unsent ${unsent}` : 'all sent'].filter(Boolean).join(' · ');
}

start(JSON.parse(byId('review').dataset.config));
