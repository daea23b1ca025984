// Ranking: the pieces in order of preference, by number, arrow buttons or dragging.
import { give, given } from "./answer.js";

const items = (question) => [...question.querySelectorAll(".ranking-item")];
const order = (question) => items(question).map((item) => Number(item.dataset.place));
let named = []; // places whose number has been pressed in this round, best first

function show(question, places) {
  const list = question.querySelector(".ranking");
  for (const place of places) list.append(list.querySelector(`[data-place="${place}"]`));
  for (const item of items(question)) item.toggleAttribute("data-named", named.includes(Number(item.dataset.place)));
}

function put(question, places) {
  show(question, places);
  give(question, places);
}

function shift(question, item, by) {
  const places = order(question);
  const at = places.indexOf(Number(item.dataset.place));
  if (at + by < 0 || at + by >= places.length) return;
  places.splice(at + by, 0, ...places.splice(at, 1));
  put(question, places);
}

export function attach(question) {
  named = [];
  show(question, given(question) ?? order(question));
  let dragged = null;
  question.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-move]");
    if (button) shift(question, button.closest(".ranking-item"), Number(button.dataset.move));
  });
  question.addEventListener("dragstart", ({ target }) => (dragged = target.closest(".ranking-item")));
  question.addEventListener("dragover", (event) => {
    const over = event.target.closest(".ranking-item");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const after = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
    over[after ? "after" : "before"](dragged);
  });
  question.addEventListener("dragend", () => {
    dragged = null;
    put(question, order(question));
  });
}

// The order as it stands is an answer too.
export const accept = (question) => given(question) ?? give(question, order(question));

export function restore(question) {
  named = [];
  show(question, given(question) ?? order(question).toSorted((a, b) => a - b));
}

export function key(question, name) {
  const all = order(question).toSorted((a, b) => a - b);
  if (name === "0") named = [];
  else {
    const place = Number(name) - 1;
    if (!/^[1-9]$/.test(name) || !all.includes(place) || named.includes(place)) return false;
    named.push(place);
  }
  put(question, [...named, ...all.filter((place) => !named.includes(place))]);
  return true;
}
