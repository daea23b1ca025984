// Answers on their way. Each is in this browser's database until the server has confirmed it; they go in order, one
// at a time, again and again under the same key, so that each counts once.
import { drop, put } from "./outbox.js";

const WAITS = [1, 2, 4, 8, 15, 30]; // seconds
const PATIENCE = 15_000;
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
const away = { ok: false, status: 0, headers: new Headers() };
const AGAIN = ["rows_busy", "lost_race", "database_away"];
const line = []; // { row, card, kept }: the answer, the card it was given on, where that is still here, its place in the database
let hands = null; // what to do with an answer of the server: done, refused, elsewhere, say, showing
let moving = null; // while answers are sent: the promise of its end
let failed = 0;
let timer = 0;

export const waitMs = (times) => WAITS[Math.min(times, WAITS.length - 1)] * 1000;

export function formOf(fields) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return body;
}

// A small POST beside htmx; never rejects: status 0 is no connection, 401 a lost sign-in, which the page is told of.
export async function post(url, body, options = {}) {
  const headers = { "X-CSRFToken": cookie("csrftoken"), "HX-Request": "true" };
  try {
    const response = await fetch(url, { method: "POST", body, headers, redirect: "manual", signal: AbortSignal.timeout(PATIENCE), ...options });
    const lost = response.type === "opaqueredirect" || (response.status === 403 && !response.headers.has("X-Error-Code"));
    if (!lost) return response;
    document.dispatchEvent(new CustomEvent("signed-out", { cancelable: true }));
    return { ...away, status: 401 };
  } catch {
    return away;
  }
}

export const unreached = (response) => response.status === 0 || response.status === 401 || response.status === 429 || response.status >= 500 || AGAIN.includes(response.headers.get("X-Error-Code"));
export const waiting = () => line.length;
export const isOnItsWay = (card) => line.some((one) => one.card === card || one.row.assignment === card?.dataset.assignment);

export function carry(by) {
  hands = by;
  for (const moment of ["online", "focus"]) addEventListener(moment, move);
  document.addEventListener("signed-in", move);
}

// From when it is kept here it will arrive, whatever becomes of this page.
export function give(row, card) {
  line.push({ row, card, kept: row.order ?? put("answers", row) });
  move();
}

// When what can be sent now has been; `waiting` says what cannot.
export const settled = async () => moving?.catch(() => {});

function move() {
  clearTimeout(timer);
  moving ??= sendAll().finally(() => (moving = null)); // a fault in showing one answer must not hold up the others
}

async function sendAll() {
  while (line.length && (await arrives(line[0])));
}

async function arrives(one) {
  hands.say("sending");
  const order = await one.kept;
  const showing = one.card ? hands.showing(one.card) : null;
  const url = one.card ? one.row.url : one.row.url.replace(/submit\/$/, "answer/");
  const response = await post(url, formOf([...one.row.fields, ...(showing ? [["showing", showing]] : [])]));
  if (unreached(response)) {
    hands.say(response.status === 401 ? "signed-out" : "offline");
    timer = setTimeout(move, waitMs(failed++));
    return false;
  }
  failed = 0;
  line.shift();
  const ends = response.ok ? "done" : response.status === 409 ? "elsewhere" : "refused";
  await hands[ends](one, response);
  if (order !== undefined) drop("answers", { order });
  return true;
}
