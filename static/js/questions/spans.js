// Spans: parts of a field's text marked by mouse, finger or keyboard. Offsets count characters (code points), as the
// server does; the browser counts UTF-16 units, so both ways are converted here and nowhere else.
import { announce } from "../notices.js";
import { go } from "../questions.js";
import { give, given } from "./answer.js";

const states = new WeakMap(); // question → { element, text, words, chosen: [start, end] | null, anchor: the word extending began at, ended: a label was given to it }
const points = (text, unit) => [...text.slice(0, unit)].length;
const units = (text, point) => [...text].slice(0, point).join("").length;
const labels = (question) => [...question.querySelectorAll(".span-label")];
const hue = (question, label) => labels(question).find((one) => one.dataset.value === label)?.dataset.hue ?? 0;
const same = (a, b) => a.start === b.start && a.end === b.end && a.label === b.label;

export function attach(question) {
  const element = document.querySelector(`.subject [data-field="${CSS.escape(question.dataset.field)}"]`);
  if (!element) return;
  const text = element.textContent;
  const words = [...text.matchAll(/\S+/g)].map((match) => [match.index, match.index + match[0].length]);
  states.set(question, { element, text, words, chosen: null });
  question.addEventListener("pointerdown", (event) => event.target.closest(".span-label") && event.preventDefault()); // keeps what is selected
  question.addEventListener("click", ({ target }) => {
    const label = target.closest(".span-label");
    if (label) mark(question, label.dataset.value);
    const remove = target.closest("[data-remove]");
    if (remove) put(question, (given(question) ?? []).filter((_, place) => place !== Number(remove.dataset.remove)));
  });
  element.addEventListener("pointerup", ({ pointerType }) => pointerType === "mouse" && setTimeout(() => take(question)));
  element.addEventListener("click", (event) => event.pointerType !== "mouse" && tap(question, event));
  draw(question);
}

function choose(question, chosen, anchor = null) {
  Object.assign(states.get(question), { chosen, anchor, ended: false });
  draw(question);
}

function take(question) {
  const chosen = selected(states.get(question));
  if (!chosen || !question.isConnected) return;
  question.focus({ preventScroll: true });
  choose(question, chosen);
  getSelection().removeAllRanges();
}

// By finger: a word; another one, and all between them; one of those again, and none. What the system's own handles
// have selected stays theirs until a label is pressed.
function tap(question, { clientX, clientY }) {
  const { element, words, chosen, ended } = states.get(question);
  if (!question.isConnected || selected(states.get(question))) return;
  const at = unitAt(element, clientX, clientY);
  const word = words.find(([from, to]) => from <= at && at <= to);
  if (!word) return;
  go(question, { scroll: false });
  if (!chosen || ended) return choose(question, [...word]);
  const within = chosen[0] <= word[0] && word[1] <= chosen[1];
  choose(question, within ? null : [Math.min(chosen[0], word[0]), Math.max(chosen[1], word[1])]);
}

// The place in the text that stands under a point of the screen; -1 for none.
function unitAt(element, x, y) {
  const place = document.caretPositionFromPoint?.(x, y);
  const range = place ? null : document.caretRangeFromPoint?.(x, y);
  const [node, offset] = place ? [place.offsetNode, place.offset] : [range?.startContainer, range?.startOffset];
  return element.contains(node ?? null) ? textBefore(element, node, offset) : -1;
}

function textBefore(element, node, offset) {
  const before = document.createRange();
  before.setStart(element, 0);
  before.setEnd(node, offset);
  return before.toString().length;
}

export const restore = (question) => states.has(question) && draw(question);

// Nothing to mark is an answer too.
export const accept = (question) => given(question) ?? give(question, []);

function selected({ element }) {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  if (!element.contains(range.startContainer) || !element.contains(range.endContainer)) return null;
  const start = textBefore(element, range.startContainer, range.startOffset);
  const picked = range.toString();
  const lead = picked.length - picked.trimStart().length;
  return picked.trim() ? [start + lead, start + lead + picked.trim().length] : null;
}

function mark(question, label) {
  const state = states.get(question);
  const { text } = state;
  const chosen = selected(state) ?? state.chosen;
  if (!chosen) return announce("Select some of the text first.");
  Object.assign(state, { chosen, ended: true });
  getSelection().removeAllRanges();
  const span = { start: points(text, chosen[0]), end: points(text, chosen[1]), label };
  const spans = given(question) ?? [];
  const kept = spans.filter((one) => !same(one, span));
  put(question, kept.length < spans.length ? kept : [...kept, span]);
}

function put(question, spans) {
  spans.sort((a, b) => a.start - b.start || a.end - b.end);
  give(question, spans);
  draw(question);
}

// The text again, cut at every edge, so that spans may overlap; the text itself stays letter for letter.
function draw(question) {
  const { element, text, chosen } = states.get(question);
  const spans = (given(question) ?? []).map((span) => ({ ...span, from: units(text, span.start), to: units(text, span.end) }));
  const edges = [...new Set([0, text.length, ...(chosen ?? []), ...spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  element.replaceChildren(...edges.slice(0, -1).map((edge, at) => piece(question, text.slice(edge, edges[at + 1]), edge, spans, chosen)));
  const rows = spans.map((span, place) => row(question, span, text.slice(span.from, span.to), place));
  question.querySelector(".marked").replaceChildren(...rows);
}

function piece(question, words, edge, spans, chosen) {
  const over = spans.filter(({ from, to }) => from <= edge && edge < to);
  const picked = chosen && chosen[0] <= edge && edge < chosen[1];
  if (!over.length && !picked) return document.createTextNode(words);
  const element = document.createElement(over.length ? "mark" : "span");
  element.textContent = words;
  element.toggleAttribute("data-picked", Boolean(picked));
  if (!over.length) return element;
  element.dataset.hue = hue(question, over.at(-1).label) % 8;
  element.dataset.depth = Math.min(over.length, 3);
  element.title = over.map(({ label }) => label).join(", ");
  return element;
}

function row(question, { label }, words, place) {
  const item = document.createElement("li");
  item.dataset.hue = hue(question, label) % 8;
  const name = labels(question).find((one) => one.dataset.value === label)?.firstElementChild.textContent ?? label;
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "button button--quiet button--icon button--small", textContent: "×" });
  remove.dataset.remove = place;
  remove.setAttribute("aria-label", `Remove ${name}: ${words}`);
  item.append(Object.assign(document.createElement("b"), { textContent: name }), ` ${words} `, remove);
  return item;
}

// ← → go by word, ⇧ extends from the word one began at, either way; a label's key marks.
export function key(question, name) {
  const state = states.get(question);
  const by = { ArrowLeft: -1, ArrowRight: 1 }[name.replace("Shift+", "")];
  if (!state || !by) return false;
  const { words, chosen } = state;
  const first = chosen ? words.findIndex(([, to]) => chosen[0] < to) : by > 0 ? -1 : words.length;
  const last = chosen ? words.findLastIndex(([from]) => from < chosen[1]) : first;
  const anchor = name.startsWith("Shift+") && chosen ? (state.anchor ?? first) : null;
  const next = Math.max(0, Math.min(words.length - 1, (anchor === last ? first : last) + by));
  if (!words.length) return true;
  const [from, to] = anchor === null ? [next, next] : [Math.min(anchor, next), Math.max(anchor, next)];
  choose(question, [words[from][0], words[to][1]], anchor);
  announce(state.text.slice(...state.chosen));
  return true;
}
