// The guidelines beside the card: searched by word, opened at a heading, as open as this person left them.
import { announce } from "./notices.js";

const YEAR = 365 * 24 * 3600;
const NARROW = matchMedia("(max-width: 60rem)");
const panel = document.getElementById("guidelines");
const text = panel?.querySelector(".guide-text");
const search = panel?.querySelector("[type=search]");
const person = document.getElementById("desk").dataset.person;
const slot = `guidelines-search-${person}`;
const headings = new Map(); // what a heading says, made plain → its id
let at = -1;

const plain = (words) => words.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
const hits = () => [...text.querySelectorAll("mark")];

// The server draws it open where this says so, so that nothing moves when the page comes.
function remember() {
  const age = panel.open && !NARROW.matches ? YEAR : 0;
  if (age || !panel.open) document.cookie = `guidelines-${person}=open; path=${location.pathname}; max-age=${age}; samesite=lax`;
}

function keep(words) {
  try {
    localStorage.setItem(slot, words);
  } catch {
    // storage switched off: the words last for this page
  }
}

function kept() {
  try {
    return localStorage.getItem(slot) ?? "";
  } catch {
    return "";
  }
}

function unmark() {
  for (const mark of hits()) mark.replaceWith(...mark.childNodes);
  text.normalize();
}

function markIn(node, wanted) {
  for (const hit of [...node.data.matchAll(wanted)].reverse()) {
    const found = node.splitText(hit.index);
    found.splitText(hit[0].length);
    const mark = document.createElement("mark");
    found.replaceWith(mark);
    mark.append(found);
  }
}

function find() {
  unmark();
  const words = search.value.trim();
  keep(words);
  at = -1;
  if (words) {
    const wanted = new RegExp(words.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&").replace(/\s+/g, "\\s+"), "gi");
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) markIn(node, wanted);
  }
  count();
}

function count() {
  const all = hits().length;
  panel.querySelector(".guide-count").textContent = !search.value.trim() ? "" : all === 0 ? "none" : `${at + 1} of ${all}`;
}

function jump(by) {
  const all = hits();
  if (!all.length) return announce("Not found in the guidelines.");
  all[at]?.removeAttribute("data-now");
  at = at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length;
  all[at].setAttribute("data-now", "");
  reach(all[at]);
  count();
  announce(`${at + 1} of ${all.length}: ${all[at].parentElement.textContent.trim().slice(0, 120)}`);
}

// Within the panel only: what is judged stays where it is.
function reach(place) {
  text.scrollTop += place.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
}

function openAt(id) {
  const heading = document.getElementById(id);
  if (!heading) return;
  panel.open = true;
  text.scrollTop += heading.getBoundingClientRect().top - text.getBoundingClientRect().top - 8;
  heading.focus({ preventScroll: true });
}

function listHeadings() {
  const list = panel.querySelector(".guide-headings");
  for (const heading of text.querySelectorAll("h1, h2, h3, h4")) {
    const name = plain(heading.textContent);
    if (!name || headings.has(name)) continue;
    headings.set(name, `guide-${name}`);
    Object.assign(heading, { id: `guide-${name}`, tabIndex: -1 });
    list.append(Object.assign(document.createElement("a"), { href: `#guide-${name}`, textContent: heading.textContent }));
  }
  list.hidden = headings.size < 2;
}

// A question that has a heading of its name leads to it.
export function linkQuestions(card) {
  for (const legend of headings.size ? card.querySelectorAll(".question > legend") : []) {
    const title = legend.firstChild.textContent.trim();
    const id = headings.get(plain(title));
    if (!id || legend.querySelector("a")) continue;
    const link = Object.assign(document.createElement("a"), { className: "question-guide", href: `#${id}`, textContent: "?", title: "What the guidelines say" });
    link.setAttribute("aria-label", `What the guidelines say about ${title}`);
    legend.append(" ", link);
  }
}

// G opens it with the field to search in, and closes it again.
export function toggle() {
  if (!panel) return false;
  panel.open = !panel.open;
  if (panel.open) search.select();
  return true;
}

if (panel) {
  if (NARROW.matches) panel.open = false; // it would lie over the questions
  panel.querySelector(".guide-find").hidden = false;
  listHeadings();
  search.value = kept();
  if (search.value) find();
  panel.addEventListener("toggle", remember);
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    jump(event.shiftKey ? -1 : 1);
  });
  panel.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-jump]");
    if (button) jump(Number(button.dataset.jump));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-guidelines]")) return toggle();
    const link = event.target.closest('a[href^="#guide-"]');
    if (!link) return;
    event.preventDefault();
    openAt(link.hash.slice(1));
  });
  if (location.hash.startsWith("#guide-")) openAt(decodeURIComponent(location.hash.slice(1)));
}
