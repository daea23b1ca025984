// The next card, in memory before it is due: leased for a short time, given back when it is not used.
import { post } from "./sending.js";

const MARGIN = 5_000;
const LONGER = 120_000; // as the server's AHEAD_SECONDS: work on the card in hand keeps the one ahead
let held = []; // { card, ends }, the next first
let asking = false;
const left = new Set(); // what was answered or skipped here: an answer of the server that comes late may still name it
const idOf = (card) => card?.dataset.assignment;

// A card from a response's text, its pictures on their way.
export const cardFrom = (text) => document.createRange().createContextualFragment(text).querySelector("#card");

export function hold(card, { first = false } = {}) {
  if (!idOf(card) || left.has(idOf(card)) || idOf(card) === idOf(document.getElementById("card")) || held.some((one) => idOf(one.card) === idOf(card))) return;
  const one = { card, ends: performance.now() + Number(card.dataset.left) * 1000 - MARGIN };
  held = first ? [one, ...held] : [...held, one];
}

// The card to show now. One whose time ran out is somebody else's by now; without a connection it is the best there is.
export function take() {
  const now = performance.now();
  if (navigator.onLine) held = held.filter(({ ends }) => ends > now);
  return held.shift()?.card ?? null;
}

export const leave = (card) => left.add(idOf(card));

export function prolong() {
  const now = performance.now();
  for (const one of held) if (one.ends > now) one.ends = Math.max(one.ends, now + LONGER - MARGIN);
}

// This card is on the desk by another way; reopened, it may be set aside again.
export function isShown(card) {
  left.delete(idOf(card));
  held = held.filter((one) => idOf(one.card) !== idOf(card));
}

export async function lookAhead(url, shown) {
  held = held.filter(({ ends }) => ends > performance.now() || !navigator.onLine);
  if (asking || held.length || !idOf(shown)) return;
  asking = true;
  const body = new FormData();
  body.append("showing", idOf(shown));
  const response = await post(url, body);
  asking = false;
  if (response.ok && response.status === 200) hold(cardFrom(await response.text().catch(() => "")));
}

// Nobody will look at them: others may have them now, not only when their time is over.
export function giveBack(options = {}) {
  for (const { card } of held) if (card.querySelector("[data-opens=skip]")) post(card.querySelector("#give-back").action, new FormData(), options);
  held = [];
}
