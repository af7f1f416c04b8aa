// The page's elements by id, and new ones made of text alone: what people typed is never read as HTML.

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Change an element's text, if it is another: a browser lays out and paints what is set again, though it is the same.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function showScreen(name) {
  byId('review').dataset.screen = name;
}

// A dialog that opens takes the focus, one that closes hands it to what is in front then; behind a modal one
// nothing can be reached.
export function setOpen(id, open) {
  const dialog = byId(id);
  const moves = open || dialog.contains(document.activeElement);
  dialog.classList.toggle('open', open);
  const front = [...document.querySelectorAll('#review > .over.open')].at(-1);
  const modal = front?.hasAttribute('aria-modal') ?? false;
  for (const section of byId('review').children) section.inert = modal && section !== front;
  if (moves) (front ?? byId('stage')).focus();
}

export function identifier() {
  // crypto.randomUUID is missing on plain http to another computer; getRandomValues is not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
