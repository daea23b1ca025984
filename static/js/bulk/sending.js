// Answers on their way, many in one request. Each is in this browser's database until the server has said what became
// of it; they are sent again and again under the same keys, so that each counts once.
import { dropAll, leftBehind, page, putAll } from "../outbox.js";
import { formOf, post, unreached, waitMs } from "../sending.js";

const MOST = 100; // as the server's LARGEST
const AGAIN = ["rows_busy", "lost_race"];
const line = []; // { row, tile }: what is in the database, and its tile, where that is still here
let hands = null; // what to do with what the server says: told, say
let moving = false;
let failed = 0;
let timer = 0;

export const waiting = () => line.length;
export const isOnItsWay = (assignment) => line.some(({ row }) => row.assignment === assignment);

export function carry(by) {
  hands = by;
  for (const moment of ["online", "focus"]) addEventListener(moment, move);
  document.addEventListener("signed-in", move);
}

// Resolves when they are kept; from then on they will arrive, whatever becomes of this page.
export async function give(rows, tiles = []) {
  const orders = (await putAll("answers", rows)) ?? [];
  rows.forEach((row, place) => line.push({ row: orders[place] === undefined ? row : { ...row, order: orders[place] }, tile: tiles[place] }));
  move();
}

// What tabs that are gone have left, the desk's answers too.
export async function takeUp(person) {
  const rows = (await leftBehind("answers", person)).map((row) => ({ ...row, page }));
  if (rows.length) await give(rows);
}

async function move() {
  clearTimeout(timer);
  if (moving || !line.length) return;
  moving = true;
  try {
    while (line.length && (await arrive(line.slice(0, MOST))));
  } finally {
    moving = false; // a fault in showing one answer must not hold up the others
  }
  if (!line.length) hands.through();
}

const asRow = ({ row }) => ["row", new URLSearchParams([["assignment", row.assignment], ...row.fields]).toString()];

function later(state) {
  hands.say(state, line.length);
  timer = setTimeout(move, waitMs(failed++));
  return false;
}

async function arrive(some) {
  hands.say("sending");
  const response = await post(hands.url, formOf(some.map(asRow)));
  if (unreached(response)) return later(response.status === 401 ? "signed-out" : "offline");
  const answer = response.ok ? await response.json() : null;
  const code = response.headers.get("X-Error-Code");
  const rows = answer?.rows ?? some.map(() => ({ code: code ?? "refused", says: "The server does not take these answers." }));
  const ended = some.map((one, place) => ({ ...one, ...rows[place] })).filter((one) => !AGAIN.includes(one.code));
  const gone = new Set(ended.map(({ row }) => row));
  line.splice(0, line.length, ...line.filter(({ row }) => !gone.has(row)));
  await hands.told(ended);
  await dropAll("answers", ended.map(({ row }) => row).filter(({ order }) => order !== undefined));
  if (!ended.length) return later("sending");
  failed = 0;
  return true;
}
