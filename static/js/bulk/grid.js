// The grid: tiles that come and go, which one has the focus, which are selected. One tile is in the tab order.
const grid = document.getElementById("grid");
let at = null; // the tile in focus, or last in it
let anchor = null; // where a range begins
let painted = () => {};

export const tiles = () => [...grid.children];
export const face = (tile) => tile.firstElementChild;
export const isSelected = (tile) => face(tile).ariaChecked === "true";
export const selected = () => tiles().filter(isSelected);
export const current = () => (at?.isConnected ? at : (grid.firstElementChild ?? null));
// What a key acts on: what is selected, else the tile in focus.
export const meant = () => {
  const chosen = selected();
  if (chosen.length) return chosen;
  return at?.isConnected && grid.contains(document.activeElement) ? [at] : [];
};

export const onSelection = (paint) => (painted = paint);

export function mark(some, on) {
  for (const tile of some) face(tile).ariaChecked = String(on);
  painted();
}

export const select = (some) => {
  const wanted = new Set(some);
  for (const tile of tiles()) face(tile).ariaChecked = String(wanted.has(tile));
  painted();
};

export function focus(tile, { steps = true } = {}) {
  if (!tile) return;
  if (at) face(at).tabIndex = -1;
  at = tile;
  face(at).tabIndex = 0;
  face(at).focus({ preventScroll: true });
  if (steps) anchor = tile;
  tile.scrollIntoView({ block: "nearest" });
}

export function add(some) {
  grid.append(...some);
  if (!at?.isConnected && grid.firstElementChild) face((at = grid.firstElementChild)).tabIndex = 0;
}

// The tile after those that go has the focus then, else the one before them.
export function remove(some) {
  const gone = new Set(some);
  const all = tiles();
  const from = Math.max(0, all.indexOf(at));
  const next = all.slice(from).find((tile) => !gone.has(tile)) ?? all.slice(0, from).reverse().find((tile) => !gone.has(tile));
  const held = grid.contains(document.activeElement);
  for (const tile of some) {
    face(tile).ariaChecked = "false";
    face(tile).tabIndex = -1;
    tile.remove();
  }
  at = null;
  if (next && held) focus(next);
  else if (next) face((at = next)).tabIndex = 0;
  painted();
}

function range(to) {
  const all = tiles();
  const [first, last] = [all.indexOf(anchor?.isConnected ? anchor : to), all.indexOf(to)].sort((a, b) => a - b);
  return all.slice(first, last + 1);
}

const columns = () => getComputedStyle(grid).gridTemplateColumns.split(" ").length;
const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns(), ArrowDown: columns, Home: () => -Infinity, End: () => Infinity };

function step(key, extend) {
  const all = tiles();
  const place = all.indexOf(current()) + STEPS[key]();
  const next = all[Math.min(all.length - 1, Math.max(0, place))];
  if (key.startsWith("Arrow") && !all[place]) return; // over the edge it stays, as a page does
  focus(next, { steps: !extend });
  if (extend) mark(range(next), true);
}

grid.addEventListener("keydown", (event) => {
  const { key, shiftKey, ctrlKey, metaKey, altKey, target } = event;
  if (!target.matches(".tile-face") || altKey) return;
  if (key in STEPS && !ctrlKey && !metaKey) step(key, shiftKey);
  else if (key === " ") mark([target.parentElement], !isSelected(target.parentElement));
  else if ((ctrlKey || metaKey) && key.toLowerCase() === "a") select(tiles());
  else return;
  event.preventDefault();
});

grid.addEventListener("click", ({ target, shiftKey }) => {
  const tile = target.closest(".tile");
  if (!tile || target.closest(".tile-open")) return;
  if (shiftKey) mark(range(tile), true);
  else mark([tile], !isSelected(tile));
  focus(tile, { steps: !shiftKey });
});
