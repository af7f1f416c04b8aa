// The page from start to end: the tab's name and lease, the outbox, the photos in the order they come.

import { address, get, persist, post } from '../api.js';
import { byId, identifier, make } from '../dom.js';
import { decode } from '../image.js';
import { Outbox } from '../outbox.js';
import { Draw } from './draw.js';
import { listen } from './keys.js';
import { Picture } from './picture.js';
import { inWords } from './rules.js';

const BEAT = 10000; // ms between heartbeats; the lease lasts 30 s
const AHEAD = 2; // photos fetched before their turn
const TAB = 'perception20k.annotate.tab';
const WHO = 'perception20k.annotate.who';

// A reload hands the tab's name on. While the page is open it is not stored, so a duplicated tab gets its own.
const tab = sessionStorage.getItem(TAB) ?? identifier();
sessionStorage.removeItem(TAB);

const page = {
  session: null,
  reviewer: '',
  pictures: [], // what this person has had, and what is fetched ahead
  at: -1,
  names: [],
  images: new Map(), // a promise of the decoded image, or of null if its file is lost, by the photo's id
  fetching: null,
  opening: null,
};

const show = (screen) => { byId('annotate').dataset.screen = screen; };

const outbox = new Outbox(tab, {
  changed: showSending,
  stored: (answer) => showProgress(answer),
  refused: (event, answer) => refused(event, answer),
  blocked: (answer) => askWho(answer.message),
});

let draw = null;

// The session that something was waited for has ended meanwhile.
class Over extends Error {}

const unlessOver = (error) => { if (!(error instanceof Over)) throw error; };

// Told while a person waits; what is fetched ahead bothers nobody.
function away({ reason } = {}) {
  if (page.session && !draw.waiting) return;
  const words = `${reason || 'The server does not respond'}. The page waits for it and goes on by itself; what you did is kept.`;
  byId('start-message').textContent = words;
  byId('end').querySelector('p').textContent = words;
  draw?.notice(words);
}

function showSending() {
  const { unsent, offline } = outbox;
  byId('sending').classList.toggle('offline', Boolean(offline));
  byId('sending').textContent = [offline, unsent ? `unsent ${unsent}` : 'all saved'].filter(Boolean).join(' · ');
}

function showProgress({ finished, pictures }) {
  if (finished !== undefined) byId('progress').textContent = `${finished} of ${pictures} photos finished`;
}

// The server did not take a step: on from what it has.
async function refused(event, answer) {
  const place = page.pictures.findIndex(({ id }) => id === event.picture);
  if (answer.refused === 'taken' && place >= 0) page.pictures.splice(place, 1);
  page.at = Math.min(page.at, page.pictures.length - 1);
  await askWho(`${answer.message} Start again to go on.`);
}

async function askWho(message = '') {
  page.session = null;
  show('start');
  byId('start-message').textContent = message;
  const { data: { reviewer: user } } = await persist(() => get('who'), away);
  const { data } = await persist(() => get('overview'), away);
  byId('start-message').textContent = message;
  const many = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
  byId('start-facts').textContent = `${many(data.pictures, 'photo')}: ${data.done} done, ${data.skipped} skipped. `
    + 'Everybody gets photos of their own, and every step is saved as you make it.';
  byId('unusable').hidden = !data.unusable.length;
  byId('unusable').querySelector('summary').textContent = `${many(data.unusable.length, 'photo')} cannot be used`;
  byId('unusable').querySelector('ul').replaceChildren(...data.unusable.map(([name, why]) => make('li', { textContent: `${name}: ${why}` })));
  const field = byId('reviewer');
  if (user) Object.assign(field, { value: user, readOnly: true });
  else field.value ||= sessionStorage.getItem(WHO) ?? '';
  if (!user) field.focus();
  byId('start-form').onsubmit = (event) => {
    event.preventDefault();
    begin();
  };
}

function begin() {
  page.opening ??= open(byId('reviewer').value.trim().normalize('NFC')).finally(() => { page.opening = null; });
}

async function open(reviewer) {
  if (outbox.adopt(reviewer).length) {
    byId('start-message').textContent = 'Sending what this browser still has…';
    await outbox.flush();
  }
  const { ok, data } = await persist(() => post('sessions', { reviewer, tab }), away);
  if (!ok) return askWho(data.message);
  sessionStorage.setItem(WHO, reviewer);
  Object.assign(page, { session: data.session, reviewer, names: data.names, images: new Map(), fetching: null });
  page.pictures = data.recent.map((each) => new Picture(each));
  page.at = page.pictures.length - 1;
  byId('rules').textContent = inWords(data.rules);
  showProgress(data);
  draw ??= new Draw(data.rules, { put, names, move, undo: undoElsewhere });
  draw.wait(false); // for what the session before waited for
  show('draw');
  return move(1);
}

// Names in use, those typed here first.
function names() {
  const own = page.pictures.slice(0, page.at + 1).reverse().flatMap(({ objects }) => objects)
    .filter(({ name, proposed }) => name && !proposed).map(({ name }) => name);
  const seen = new Set();
  return [...own, ...page.names].filter((name) => {
    const key = name.toLowerCase();
    return !seen.has(key) && seen.add(key);
  });
}

function put(event) {
  try {
    outbox.put(page.session, page.reviewer, event);
  } catch { // the browser's store is full: nothing may look saved that is not
    draw.notice('This browser cannot keep your steps: its storage is full or switched off.');
  }
}

// The next photo, or an earlier one. What is pressed until it is there is not meant for the one before.
async function move(by) {
  if (draw.waiting) return;
  const { session } = page;
  draw.settle();
  draw.wait(true);
  await turnTo(by).catch(unlessOver).finally(() => { if (page.session === session) draw.wait(false); });
  if (page.session !== session) return;
  if (byId('annotate').dataset.screen === 'draw') draw.focus();
  lookAhead().catch(unlessOver);
}

// Photos whose file is lost are passed over; they are asked for again whenever their turn comes.
async function turnTo(by) {
  const { session } = page;
  const lost = [];
  const words = () => (lost.length ? `Missing or damaged, so passed over: ${lost.join(', ')}. ` : '');
  for (let wanted = page.at + by; wanted >= 0; wanted += by < 0 ? -1 : 1) {
    while (wanted >= page.pictures.length) {
      if (!await fetchMore()) return end(words());
    }
    const picture = page.pictures[wanted];
    const image = await imageOf(picture);
    if (page.session !== session) throw new Over();
    picture.lost = !image;
    if (image) {
      page.at = wanted;
      show('draw');
      draw.begin(picture, image);
      return draw.notice(words());
    }
    lost.push(picture.name);
  }
  return draw.notice(`${words()}This is the first photo.`, lost.length > 0);
}

// With nothing to undo on the photo that is shown: back to the one that was drawn on last, and undo there.
async function undoElsewhere() {
  const last = page.pictures.reduce((best, each) => (each.actedAt >= (best?.actedAt ?? 0) ? each : best), null);
  if (!last) return draw.notice('There is nothing to undo.');
  await move(page.pictures.indexOf(last) - page.at);
  if (draw.picture !== last) return undefined;
  draw.act('undo');
  return draw.notice('Undone: your last step, on this photo.', false);
}

async function lookAhead() {
  while (page.pictures.length - 1 - page.at < AHEAD && await fetchMore());
  page.pictures.slice(page.at + 1).forEach(imageOf);
  const near = new Set(page.pictures.slice(Math.max(0, page.at - 2)).map(({ id }) => id));
  for (const id of page.images.keys()) if (!near.has(id)) page.images.delete(id);
}

// Ask for one more photo; false when nobody has one to give.
function fetchMore() {
  const { session } = page;
  page.fetching ??= persist(() => post(`sessions/${session}/take`, { tab }), away).then(({ ok, data }) => {
    if (page.session !== session) throw new Over();
    if (!ok) {
      askWho(data.message);
      throw new Over();
    }
    page.names = data.names;
    showProgress(data);
    if (data.picture) page.pictures.push(new Picture(data.picture));
    return Boolean(data.picture);
  }).finally(() => { if (page.session === session) page.fetching = null; });
  return page.fetching;
}

// The decoded image of a photo, waited for while the server is away; null if its file is lost.
function imageOf({ id }) {
  const { images, session } = page;
  if (!images.has(id)) {
    const image = new Image();
    images.set(id, decode(image, address(`pictures/${id}`), { wanted: () => page.session === session, away }).then((why) => {
      if (why) images.delete(id);
      return why ? null : image;
    }));
  }
  return images.get(id);
}

// A new session brings back what was left open in this one, and what is free by then.
function end(lost) {
  const left = page.pictures.filter((picture) => picture.status === 'open' && !picture.lost).length;
  show('end');
  byId('end').querySelector('h1').textContent = left ? 'You have seen every photo there is for you' : 'No photo is left for you';
  byId('end').querySelector('p').textContent = `${lost}${left ? `You left ${left} open; the others` : 'All of them'} are done, `
    + 'skipped, or with somebody else. Everything is saved; you can close this page.';
  byId('end-again').textContent = left ? 'Draw on what I left open' : 'Look for more';
  byId('end-again').onclick = begin;
  byId('end-back').hidden = page.at < 0;
  byId('end-back').onclick = () => move(0);
  byId('end-again').focus();
}

function beat(release) {
  if (!page.session) return;
  post(`sessions/${page.session}/lease`, { tab, release }, true)
    .then(({ ok, data }) => { if (!ok && !release) askWho(data.message); }, () => {});
}

setInterval(() => beat(false), BEAT);
addEventListener('pagehide', () => {
  draw?.settle();
  sessionStorage.setItem(TAB, tab);
  beat(true);
});
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
listen({ act: (action) => draw?.act(action), nudge: (...arrow) => draw?.nudge(...arrow) });

const who = sessionStorage.getItem(WHO);
askWho().then(() => { if (who) begin(); });
