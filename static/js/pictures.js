// Pictures of a card: zoom by button or Ctrl+wheel, move by dragging, contrast by slider; + and − by key.
const MOST = 12;
const state = new WeakMap(); // picture → { zoom, x, y }
const of = (picture) => state.get(picture) ?? state.set(picture, { zoom: 1, x: 0, y: 0 }).get(picture);

function put(picture, change) {
  const frame = picture.querySelector(".picture-frame");
  const now = Object.assign(of(picture), change);
  now.zoom = Math.max(1, Math.min(MOST, now.zoom));
  const room = ((now.zoom - 1) * frame.clientWidth) / 2; // the picture never leaves its frame
  for (const axis of ["x", "y"]) now[axis] = Math.max(-room, Math.min(room, now[axis]));
  frame.style.setProperty("--zoom", now.zoom);
  frame.style.setProperty("--x", `${now.x}px`);
  frame.style.setProperty("--y", `${now.y}px`);
  frame.toggleAttribute("data-zoomed", now.zoom > 1);
}

export const zoom = (by) => {
  const picture = document.querySelector(".picture");
  if (!picture) return false;
  put(picture, { zoom: of(picture).zoom * by });
  return true;
};

export function showTools() {
  for (const tools of document.querySelectorAll(".picture-tools")) tools.hidden = false;
}

document.addEventListener("click", ({ target }) => {
  const picture = target.closest(".picture");
  if (!picture) return;
  if (target.closest("[data-zoom]")) put(picture, { zoom: of(picture).zoom * Number(target.closest("[data-zoom]").dataset.zoom) });
  if (!target.closest("[data-as-it-was]")) return;
  put(picture, { zoom: 1, x: 0, y: 0 });
  picture.querySelector("[data-contrast]").value = 1;
  picture.querySelector(".picture-frame").style.removeProperty("--contrast");
});
document.addEventListener("input", ({ target }) => {
  if (!("contrast" in target.dataset)) return;
  target.closest(".picture").querySelector(".picture-frame").style.setProperty("--contrast", target.value);
});
// A slider let go of by mouse or finger leaves the keys to the questions; by keyboard it keeps them.
document.addEventListener("pointerup", ({ target }) => target.dataset && "contrast" in target.dataset && target.blur());
document.addEventListener("pointermove", (event) => {
  const frame = event.buttons === 1 && event.target.closest?.(".picture-frame[data-zoomed]");
  if (!frame) return;
  const picture = frame.closest(".picture");
  put(picture, { x: of(picture).x + event.movementX, y: of(picture).y + event.movementY });
});
document.addEventListener("wheel", (event) => {
  const picture = event.ctrlKey && event.target.closest?.(".picture");
  if (!picture) return;
  event.preventDefault();
  put(picture, { zoom: of(picture).zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2) });
}, { passive: false });
