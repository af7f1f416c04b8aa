// An image decoded, however long the server is away.

import { RETRY } from './api.js';

// Load `url` into `image` until it is decoded, and answer ''; or why it cannot be shown although the server answers.
// `away()` is called whenever the server did not answer; it ends with '' once the image is not `wanted()` any more.
export async function decode(image, url, { wanted, away = () => {} }) {
  for (;;) {
    image.removeAttribute('src');
    image.src = url;
    try {
      await image.decode();
      return '';
    } catch {
      const why = wanted() ? await whyBroken(url) : '';
      if (why || !wanted()) return why;
      away();
      await new Promise((resolve) => { setTimeout(resolve, RETRY); });
    }
  }
}

// Empty if the server is away, or was when the image was asked for.
async function whyBroken(url) {
  try {
    const answer = await fetch(url, { cache: 'reload' });
    if (answer.ok) return await isImage(await answer.blob()) ? '' : 'damaged';
    return [404, 410].includes(answer.status) ? 'missing or damaged' : '';
  } catch {
    return '';
  }
}

const isImage = (bytes) => createImageBitmap(bytes).then((bitmap) => { bitmap.close(); return true; }, () => false);
