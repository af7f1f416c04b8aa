// Requests to the server: an answer it gave, or Unreachable.

export class Unreachable extends Error {}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', ...options });
  } catch (error) {
    throw new Unreachable(error.message);
  }
  if (response.status >= 500) throw new Unreachable(`the server answers ${response.status}`);
  const data = await response.json().catch(() => { throw new Unreachable('the answer was cut off'); });
  return { ok: response.ok, data };
}

export const get = (path) => request(path);

export const post = (path, body, keepalive = false) => request(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), keepalive,
});
