// What a build would make of the objects, told while they are being drawn. The numbers are the server's, and the server
// judges again before a photo counts as done.

const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);

function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared / (area(a) + area(b) - shared);
}

const percent = (share) => `${Number((100 * share).toPrecision(3))} %`;

// What is wrong with one box by itself, or ''.
export function wrongSize(box, { width, height }, rules) {
  const share = area(box) / (width * height);
  if (share > rules.max_box) return `covers ${percent(share)} of the photo, over ${percent(rules.max_box)}`;
  if (share < rules.min_box) return `covers ${percent(share)} of the photo, under ${percent(rules.min_box)}`;
  if (Math.min(box[2] - box[0], box[3] - box[1]) < rules.min_side) return `a side is under ${rules.min_side} px`;
  return '';
}

// { objects: what is wrong with each, '' for nothing; picture: what is wrong with the whole, or ''; kept }. As in a
// build the largest object comes first, so the smaller one of two that overlap or share a name is at fault.
export function judge(objects, picture, rules) {
  const wrong = objects.map(() => '');
  const order = objects.map((_, place) => place).filter((place) => !objects[place].proposed)
    .sort((a, b) => area(objects[b].box) - area(objects[a].box));
  const names = new Set();
  const kept = [];
  for (const place of order) {
    const { name, box } = objects[place];
    const key = name.trim().toLowerCase();
    const rival = kept.find((other) => iou(other.box, box) > rules.max_iou);
    if (!key) wrong[place] = 'has no name yet';
    else if (names.has(key)) wrong[place] = 'another object has this name';
    else if (wrongSize(box, picture, rules)) wrong[place] = wrongSize(box, picture, rules);
    else if (rival) wrong[place] = `overlaps “${rival.name}” with IoU ${iou(rival.box, box).toFixed(2)}, over ${rules.max_iou}`;
    else if (kept.length === rules.max_objects) wrong[place] = `one too many, at most ${rules.max_objects}`;
    else kept.push(objects[place]);
    names.add(key);
  }
  const few = kept.length < rules.min_objects;
  return { objects: wrong, kept: kept.length, picture: few ? `${kept.length} of at least ${rules.min_objects} objects` : '' };
}

export function inWords(rules) {
  const count = rules.min_objects === rules.max_objects ? rules.min_objects : `${rules.min_objects} to ${rules.max_objects}`;
  const shares = `${percent(rules.min_box)} to ${percent(rules.max_box)}`.replaceAll(' %', '\u00a0%');
  return `${count} objects with different names. A box: ${shares} of the photo, `
    + `sides of ${rules.min_side}\u00a0px or more, overlap (IoU) up to ${rules.max_iou}.`;
}
