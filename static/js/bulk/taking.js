// Tasks taken and kept: new tiles beside what is here, the time they are kept for, given back when the page is left.
import { activeWithin } from "../activity.js";
import { announce, toast } from "../notices.js";
import { post, unreached } from "../sending.js";
import { say } from "../signs.js";
import { add, current, focus, remove, tiles } from "./grid.js";
import { addressOf, forgetPast, isTouched, saidOf, startClock, takeUp } from "./labels.js";
import { isOnItsWay } from "./sending.js";

const BEAT = 60_000;
const LOW = 60; // seconds
const here = (name) => document.getElementById(name);
const size = here("size");
const url = (verb) => addressOf("bulk", verb);
let kept = 0; // seconds, from the last sign of life
let ends = 0;
let beaten = 0;
let asking = false;
let paint = () => {};

export const onTiles = (by) => (paint = by);
export const wanted = () => Number(size.value);

function sized() {
  size.value = localStorage.getItem("bulk-size") ?? size.value;
  if (!size.value) size.value = "25";
  here("take-size").textContent = size.value;
}
size.addEventListener("change", () => {
  localStorage.setItem("bulk-size", size.value);
  sized();
  if (tiles().length && wanted() > tiles().length) take();
});
sized();

export function formWith(name, values, more = {}) {
  const body = new FormData();
  for (const value of values) body.append(name, value);
  for (const [key, value] of Object.entries(more)) body.append(key, value);
  return body;
}

export const idsOf = (some) => some.map(({ dataset }) => dataset.assignment);
export const wordsOf = async (response) => document.createRange().createContextualFragment(await response.text()).textContent.trim();

// A batch, or what fills it up. What is here already, or on its way to the server, is not taken twice.
export async function take() {
  if (asking) return;
  asking = true;
  const response = await post(url("take/"), formWith("n", [wanted()]));
  asking = false;
  if (response.status === 401) return refused("You have been signed out. Sign in, then take tasks.", "signed-out");
  if (unreached(response)) return refused("The server cannot be reached. Try again when you are back online.", "offline");
  if (!response.ok) return refused(await wordsOf(response), "");
  say("");
  const found = document.createRange().createContextualFragment(await response.text());
  const known = new Set(idsOf(tiles()));
  const fresh = [...found.querySelectorAll(".tile")].filter(({ dataset }) => !known.has(dataset.assignment) && !isOnItsWay(dataset.assignment));
  const restored = takeUp(fresh);
  const first = tiles().length === 0;
  add(fresh);
  here("fewer").hidden = !("fewer" in found.querySelector("#tiles").dataset);
  kept = Number(found.querySelector("#tiles").dataset.seconds);
  keepFor(kept);
  if (first) begin();
  if (await restored) announce("Labels that were kept in this browser are back.");
  if (!tiles().length) none("Nothing for you just now", found.querySelector("#why-empty")?.textContent ?? "What you have sent is on its way.");
  paint();
}

function begin() {
  startClock();
  paint();
  focus(current());
}

function refused(words, state) {
  say(state);
  if (tiles().length) toast(words, { kind: "warn" });
  else none("No tasks", words);
}

export function none(title, words) {
  here("none-title").textContent = title;
  here("none-says").textContent = words;
  paint();
  here("take").focus({ preventScroll: true });
  announce(`${title}. ${words}`);
}

function keepFor(seconds) {
  ends = performance.now() + seconds * 1000;
  beaten = performance.now();
}

function showTime() {
  const sign = here("time-left");
  const left = Math.max(0, Math.round((ends - performance.now()) / 1000));
  const words = left < 90 ? `${left} s left` : `${Math.round(left / 60)} min left`;
  const shown = !tiles().length ? "" : left ? words : "time is up";
  if (sign.textContent === shown) return;
  sign.textContent = shown;
  sign.toggleAttribute("data-low", left < LOW);
  if (!left && tiles().length) announce("Time is up. Your labels are kept, and count while their tasks have room.");
}

async function beat() {
  if (!tiles().length || performance.now() - beaten < BEAT || !activeWithin(BEAT)) return;
  beaten = performance.now();
  const asked = tiles();
  const response = await post(url("keep/"), formWith("assignment", idsOf(asked)));
  if (!response.ok) return;
  const { held } = await response.json();
  const still = new Set(held.map(String));
  for (const tile of asked) tile.toggleAttribute("data-late", !still.has(tile.dataset.assignment));
  if (held.length) keepFor(kept);
}

// What has no label goes back at once; what has one stays here until it is sent.
export async function giveBack() {
  const back = tiles().filter((tile) => !isTouched(saidOf(tile)));
  if (!back.length) return toast("Every task here has a label or a condition. Undo those you want to give back.");
  const response = await post(url("release/"), formWith("assignment", idsOf(back)));
  if (!response.ok) return toast("The server cannot be reached. These tasks come free by themselves within minutes.", { kind: "warn" });
  forgetPast(back);
  remove(back);
  if (!tiles().length) none("Given back", "Others have these tasks now. Take more whenever you like.");
  paint();
}

// Only what this page took: a task that was held before may stand on a desk in another tab.
addEventListener("pagehide", () => {
  const back = tiles().filter((tile) => "fresh" in tile.dataset && !isTouched(saidOf(tile)));
  if (back.length) post(url("release/"), formWith("assignment", idsOf(back)), { keepalive: true });
});
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(() => (showTime(), beat()), 1000);
