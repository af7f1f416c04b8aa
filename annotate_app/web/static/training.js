// The training round: questions with known answers, each explained at once and asked again until it is right.

import { address, get, post } from './api.js';
import { byId, setOpen, showScreen } from './dom.js';
import { asked } from './question.js';

const REASONS = { mismatch: 'object_mismatch', unseen: 'not_perceptible' };

export class Training {
  constructor({ stage, keys }) {
    Object.assign(this, { stage, keys });
    addEventListener('blur', () => { if (this.training) stage.refer(false); });
  }

  // Resolves to the server's answer when the round is done.
  async run(reviewer) {
    const { data: lessons } = await get('training');
    this.lessons = lessons;
    this.answers = lessons.map(() => []);
    this.reviewer = reviewer;
    for (const crop of document.querySelectorAll('#lesson .crop')) {
      crop.style.backgroundImage = `url(${address(`training/0/${crop.dataset.which}`)})`;
    }
    showScreen('lesson');
    await new Promise((begin) => {
      byId('lesson-go').onclick = begin;
      this.keys.front = (action, event, down) => { if (action === 'go' && down) begin(); };
    });
    this.stage.use(lessons.map((lesson, k) => (
      { ...lesson, image: address(`training/${k}/image`), reference: address(`training/${k}/reference`) })));
    this.stage.showBox(true);
    showScreen('judge');
    setOpen('end', false);
    byId('notice').textContent = byId('sending').textContent = '';
    byId('larger').style.display = 'none';
    byId('why').hidden = false;
    this.training = true;
    await new Promise((finish) => {
      this.finish = finish;
      this.keys.front = (...args) => this.act(...args);
      this.go(0);
    });
    this.training = false;
    byId('why').hidden = true;
    return post('training', { reviewer, answers: this.answers });
  }

  go(position) {
    this.position = position;
    this.right = false;
    this.stage.show(position, () => {});
    byId('question').replaceChildren(...asked(this.lessons[position]));
    byId('progress').textContent = `training: ${position + 1} of ${this.lessons.length}`;
    this.say('Accept with →, delete with X. Hold R for the reference.');
  }

  say(words) {
    byId('why').textContent = words;
  }

  act(action, event, down) {
    if (action === 'reference') return void this.stage.refer(down ?? !this.stage.referring);
    if (!down) return;
    if (action === 'box') return void this.stage.showBox(!this.stage.boxOn);
    if (action === 'go' && this.right) {
      setOpen('end', false);
      const next = this.position + 1;
      return void (next < this.lessons.length ? this.go(next) : this.finish());
    }
    if (action in REASONS && this.right) return this.#explain(REASONS[action]);
    if ((action === 'accept' || action === 'delete') && !this.right) {
      if (this.stage.referring) this.say('This is the reference. Let go of it first.');
      else if (this.stage.ready) this.#answer(action); else this.say('The image has not loaded yet.');
    }
  }

  #explain(reason) {
    const answer = this.answers[this.position].at(-1);
    if (answer.action !== 'delete') return;
    answer.reason = reason;
    const right = reason === this.lessons[this.position].reason;
    this.say(`${right ? 'The reason is right.' : 'The other reason fits better.'} ${this.lessons[this.position].why} Enter: next.`);
  }

  #answer(action) {
    const lesson = this.lessons[this.position];
    this.answers[this.position].push({ action });
    this.right = action === lesson.answer;
    if (this.right) byId('stage').focus(); // off the buttons, so that Enter goes on
    const result = this.right ? 'Right.' : `Look again: the answer is “${lesson.answer}”.`;
    this.say(`${result} ${lesson.why}${this.right ? ' Enter: next.' : ''}`);
  }
}
