// The lease ring: how long the task is kept for this person, and the heartbeat while they work on it.
import { activeWithin } from "./activity.js";
import { prolong } from "./ahead.js";
import { announce } from "./notices.js";
import { post } from "./sending.js";

const BEAT = 60_000;
const LOW = 60; // seconds
let ends = 0;
let seconds = 1;
let beaten = 0;
let card = null;

export const overdue = () => card !== null && performance.now() > ends;

export function watch(shown) {
  card = shown;
  if (!card) return paint();
  seconds = Number(card.dataset.lease);
  keepFor(Number(card.dataset.left));
}

export function keepFor(left) {
  ends = performance.now() + left * 1000;
  beaten = performance.now();
  paint();
}

function paint() {
  const sign = document.getElementById("lease");
  sign.hidden = card === null;
  if (!card) return;
  const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
  sign.querySelector("circle + circle").setAttribute("stroke-dashoffset", 100 - Math.min(100, (100 * left) / seconds));
  const words = left === 0 ? "time is up" : left < 90 ? `${left} s left` : `${Math.round(left / 60)} min left`;
  if (sign.lastElementChild.textContent !== words) sign.lastElementChild.textContent = words;
  if (left === 0 && !("over" in sign.dataset)) announce("Time is up. What you entered is kept, and counts while the task has room.");
  sign.toggleAttribute("data-low", left < LOW);
  sign.toggleAttribute("data-over", left === 0);
}

async function beat() {
  if (!card || overdue() || performance.now() - beaten < BEAT || !activeWithin(BEAT)) return;
  beaten = performance.now();
  const shown = card;
  const response = await post(document.getElementById("answer").dataset.keepUrl, new FormData());
  if (response.ok) prolong();
  if (response.ok && card === shown) keepFor(Number(response.headers.get("X-Lease-Seconds")));
}

setInterval(() => (paint(), beat()), 1000);
