// Dragging on the photo fills in the box.
() => {
  // In the photo's own pixels; it is shown whole, never enlarged, in the middle of its element.
  const pointOf = (event, photo) => {
    const frame = photo.getBoundingClientRect(), wide = photo.naturalWidth, high = photo.naturalHeight;
    const scale = Math.min(1, frame.width / wide, frame.height / high);
    const along = (place, start, length, size) =>
      Math.min(size, Math.max(0, Math.round((place - start - (length - size * scale) / 2) / scale)));
    return [along(event.clientX, frame.left, frame.width, wide), along(event.clientY, frame.top, frame.height, high)];
  };
  let drag = null;
  const mark = document.body.appendChild(document.createElement('div'));
  mark.style.cssText = 'position:fixed;display:none;pointer-events:none;z-index:99;border:2px solid #e62828';
  document.addEventListener('pointerdown', (event) => {
    const photo = event.target.closest?.('#playground-photo')?.querySelector('img');
    if (!photo || event.target.closest('button') || event.button) return;
    event.preventDefault();
    drag = { photo, from: pointOf(event, photo), x: event.clientX, y: event.clientY };
  }, true);
  document.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const left = Math.min(drag.x, event.clientX), top = Math.min(drag.y, event.clientY);
    const width = Math.abs(event.clientX - drag.x), height = Math.abs(event.clientY - drag.y);
    Object.assign(mark.style, { display: 'block', left: `${left}px`, top: `${top}px`,
                                width: `${width}px`, height: `${height}px` });
  });
  document.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const [x, y] = drag.from, [X, Y] = pointOf(event, drag.photo);
    const box = [Math.min(x, X), Math.min(y, Y), Math.max(x, X), Math.max(y, Y)];
    const field = document.querySelector('#playground-box textarea, #playground-box input');
    field.value = box[2] - box[0] > 1 && box[3] - box[1] > 1 ? box.join(', ') : '';  // a click: the whole photo
    field.dispatchEvent(new Event('input', { bubbles: true }));
    drag = null;
    mark.style.display = 'none';
  });
}
