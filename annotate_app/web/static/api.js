// Requests to the server: an answer it gave, or Unreachable.

export const RETRY = 700; // ms from one question that was not answered to the next

// The server did not answer, or (`reason`) says why it can store nothing now.
export class Unreachable extends Error {
  constructor(message, reason = '') { super(message); this.reason = reason; }
}

// The whole address of a route, from its path below api/. It follows this file's own, so that the page works
// wherever a proxy puts it.
export const address = (path) => new URL(`../api/${path}`, import.meta.url).href;

async function request(path, options) {
  let response;
  try {
    response = await fetch(address(path), { cache: 'no-store', ...options });
  } catch (error) {
    throw new Unreachable(error.message);
  }
  if (response.status === 507) {
    const { message } = await response.json().catch(() => ({}));
    throw new Unreachable(message, message);
  }
  if (response.status >= 500) throw new Unreachable(`the server answers ${response.status}`);
  const data = await response.json().catch(() => { throw new Unreachable('the answer was cut off'); });
  return { ok: response.ok, data };
}

export const get = (path) => request(path);

export const post = (path, body, keepalive = false) => request(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), keepalive,
});

// Ask until the server answers: it may be just coming back. `away(error)` is called whenever it does not.
export async function persist(ask, away = () => {}) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      away(error);
      await new Promise((resolve) => { setTimeout(resolve, RETRY); });
    }
  }
}
