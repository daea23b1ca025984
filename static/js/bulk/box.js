// A box drawn with the mouse over the grid selects what it touches, beside what is selected already.
import { isSelected, mark, tiles } from "./grid.js";

const FAR = 8; // pixels: less is a click
const room = document.getElementById("room");
const box = Object.assign(document.createElement("div"), { className: "bulk-box", hidden: true });
let from = null;
let before = null;
let drawn = false;

const edges = (event) => ({
  left: Math.min(from.x, event.pageX), right: Math.max(from.x, event.pageX),
  top: Math.min(from.y, event.pageY), bottom: Math.max(from.y, event.pageY),
});

function touched({ left, right, top, bottom }) {
  return tiles().filter((tile) => {
    const place = tile.getBoundingClientRect();
    return place.left + scrollX < right && place.right + scrollX > left && place.top + scrollY < bottom && place.bottom + scrollY > top;
  });
}

function draw(event) {
  const { left, right, top, bottom } = edges(event);
  box.style.setProperty("inset", `${top}px auto auto ${left}px`);
  box.style.setProperty("width", `${right - left}px`);
  box.style.setProperty("height", `${bottom - top}px`);
  const inside = new Set(touched({ left, right, top, bottom }));
  mark(tiles().filter((tile) => !inside.has(tile) && !before.has(tile)), false);
  mark([...inside], true);
}

room.addEventListener("pointerdown", (event) => {
  drawn = false;
  if (event.pointerType !== "mouse" || event.button !== 0 || event.shiftKey || event.target.closest("button, a")) return;
  from = { x: event.pageX, y: event.pageY };
  before = new Set(tiles().filter(isSelected));
});
addEventListener("pointermove", (event) => {
  if (!from || (!drawn && Math.hypot(event.pageX - from.x, event.pageY - from.y) < FAR)) return;
  if (!box.isConnected) document.body.append(box);
  box.hidden = false;
  drawn = true;
  draw(event);
});
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => {
    from = null;
    box.hidden = true;
  });
}
// The end of a drag is no click.
room.addEventListener("click", (event) => drawn && event.stopPropagation(), { capture: true });
