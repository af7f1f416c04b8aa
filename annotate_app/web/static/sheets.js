// Two sheets that a reviewer writes or decides on: a comment on the image in front, and giving the session back.

import { byId, setOpen } from './dom.js';

const isOpen = (id) => byId(id).classList.contains('open');

export class Sheets {
  constructor(judge) {
    this.judge = judge;
    byId('comment-form').onsubmit = (event) => {
      event.preventDefault();
      this.#keep();
    };
    byId('give-back').onclick = () => setOpen('giving-back', true);
    byId('keep').onclick = () => setOpen('giving-back', false);
    byId('giving-back-go').onclick = () => this.#giveBack();
  }

  // An open sheet takes every action, and Esc closes it; true if it did.
  take(action) {
    const open = ['comment', 'giving-back'].find(isOpen);
    if (open && action === 'close') setOpen(open, false);
    return Boolean(open);
  }

  close() {
    for (const id of ['comment', 'giving-back']) setOpen(id, false);
  }

  write() {
    const { session, position } = this.judge;
    byId('comment-text').value = session.comments.get(position) ?? '';
    setOpen('comment', true);
    byId('comment-text').focus();
  }

  #keep() {
    const { judge } = this;
    const { session, position } = judge;
    const text = byId('comment-text').value.trim();
    setOpen('comment', false);
    if (!text || text === session.comments.get(position) || !judge.put('comment', { position, text })) return;
    session.comments.set(position, text);
    judge.notice('The comment is kept; whoever leads the review sees it.');
    judge.render();
  }

  async #giveBack() {
    const { judge } = this;
    const { session } = judge;
    if (!judge.put('give_back')) return;
    await judge.outbox.flush();
    if (judge.session === session) judge.gaveBack();
  }
}
