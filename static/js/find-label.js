// Past ten labels one finds them by typing: / narrows the list, arrows go through what is left, Enter takes one.
import { announce } from "./notices.js";
import { current, leave } from "./questions.js";

const foundBy = (search) => [...search.closest(".question").querySelectorAll("[data-found] > [data-label]:not([hidden])")];
const pointed = (search) => search.closest(".question").querySelector("[data-found] > [data-pointed]");

export function find() {
  const search = current()?.querySelector("[data-find]");
  if (!search) return false;
  search.focus();
  search.select();
  return true;
}

// Only the labels with these letters, under their headings; the first of them is the one that Enter takes.
function narrow(search) {
  const wanted = search.value.trim().toLowerCase();
  const list = search.closest(".question").querySelector("[data-found]");
  let heading = null;
  for (const one of list.children) {
    const isHeading = one.matches(".choice-path");
    one.hidden = isHeading || !one.dataset.label.includes(wanted);
    if (isHeading || !("path" in one.dataset)) heading = isHeading ? one : null;
    if (heading && !one.hidden) heading.hidden = false;
  }
  const found = foundBy(search);
  list.toggleAttribute("data-none", found.length === 0);
  if (!found.length) announce("No label is called that.");
  point(search, wanted ? found[0] : null);
}

function point(search, choice) {
  pointed(search)?.removeAttribute("data-pointed");
  choice?.toggleAttribute("data-pointed", true);
  choice?.scrollIntoView({ block: "nearest" });
}

function move(search, by) {
  const found = foundBy(search);
  const next = found[Math.max(0, Math.min(found.length - 1, found.indexOf(pointed(search)) + by))];
  point(search, next);
  if (next) announce(next.dataset.label);
}

function take(search) {
  const choice = pointed(search);
  if (!choice) return;
  (choice.control ?? choice).click();
  close(search);
}

function clear(search) {
  if (!search?.value) return;
  search.value = "";
  narrow(search);
}

function close(search) {
  clear(search);
  leave();
}

const IN_FINDER = { Enter: take, Escape: close, ArrowDown: (search) => move(search, 1), ArrowUp: (search) => move(search, -1) };

document.addEventListener("input", ({ target }) => "find" in target.dataset && narrow(target));
document.addEventListener("keydown", (event) => {
  if (!("find" in event.target.dataset) || event.isComposing || !(event.key in IN_FINDER)) return;
  event.preventDefault();
  event.stopPropagation();
  IN_FINDER[event.key](event.target);
}, { capture: true });
document.addEventListener("change", ({ target }) => "find" in target.dataset || clear(target.closest(".question")?.querySelector("[data-find]")));
