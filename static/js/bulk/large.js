// One tile of the grid, large: what the desk would show of it, with its label and condition to choose.
import { current, focus, tiles } from "./grid.js";
import { addressOf, change, saidOf } from "./labels.js";

const dialog = document.getElementById("large");
const shown = document.getElementById("large-shown");
let tile = null;

function paint() {
  const { label, condition } = saidOf(tile);
  for (const button of dialog.querySelectorAll("[data-value]")) button.ariaPressed = String(button.dataset.value === label);
  for (const button of dialog.querySelectorAll("[data-condition]")) button.ariaPressed = String(button.dataset.condition === condition);
  const all = tiles();
  for (const button of dialog.querySelectorAll("[data-turn]")) button.disabled = !all[all.indexOf(tile) + Number(button.dataset.turn)];
}

// The whole of it is fetched: the tile has the beginning, which stands here until it comes, and without a connection.
async function show(next) {
  tile = next;
  const { assignment } = tile.dataset;
  document.getElementById("large-title").textContent = tile.querySelector(".tile-open").ariaLabel.replace(/^See (.*) large$/, "$1");
  document.getElementById("large-why").textContent = tile.querySelector(".tile-why").title;
  shown.replaceChildren((tile.querySelector(".tile-image") ?? tile.querySelector(".tile-text")).cloneNode(true));
  paint();
  const response = await fetch(addressOf(assignment), { headers: { "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
  if (!response?.ok) return;
  const subject = document.createRange().createContextualFragment(await response.text()).querySelector(".subject");
  if (subject && tile?.dataset.assignment === assignment) shown.replaceChildren(subject);
}

function turn(by) {
  const all = tiles();
  const next = all[all.indexOf(tile) + by];
  if (next) show(next);
}

export function open(which = current()) {
  if (!which) return false;
  show(which);
  dialog.showModal();
}

dialog.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-value], [data-condition], [data-turn]");
  if (!button) return;
  const { value, condition, turn: by } = button.dataset;
  if (by) return turn(Number(by));
  change([tile], value ? { label: value } : { condition });
  paint();
  document.dispatchEvent(new Event("bulk:changed"));
});
dialog.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  turn(by);
});
dialog.addEventListener("close", () => focus(tile?.isConnected ? tile : current()));
