// What has been said of each tile: its label, its condition, and the time it took. The time between two actions is
// shared equally by the tiles of the second one, so that the times of a batch add up to the time that was worked.
import { activeMs } from "../activity.js";
import { announce } from "../notices.js";
import { dropAll, leftBehind, page, putAll } from "../outbox.js";
import { tiles } from "./grid.js";

const root = document.getElementById("bulk");
const WITHOUT = ["out_of_scope", "unusable"];
const said = new Map(); // tile → { label, condition, ms, rest }
const past = []; // what was said before each action: [[tile, said], …]
const undone = []; // what was said before each action that was undone, the last one last
let counted = 0; // the part of the active time that has been shared out

export const person = root.dataset.person;
export const addressOf = (id, verb = "") => `${root.dataset.desk}${id}/${verb}`;
export const saidOf = (tile) => said.get(tile);
export const isDone = (tile) => saidOf(tile).label !== "" || WITHOUT.includes(saidOf(tile).condition);
export const done = () => tiles().filter(isDone);
export const canUndo = () => past.length > 0;
export const isTouched = ({ label, condition }) => label !== "" || condition !== "clear";
const titleOf = (value) => document.querySelector(`#bar [data-value="${CSS.escape(value)}"]`)?.title ?? value;
const wordsOf = (condition) => document.querySelector(`#condition [data-condition="${condition}"]`).firstChild.textContent;

export function shareTime(some) {
  const now = activeMs();
  for (const tile of some) saidOf(tile).ms += (now - counted) / some.length;
  counted = now;
}

// A batch begins: what was worked before it belongs to nobody.
export const startClock = () => (counted = activeMs());

function paint(tile) {
  const { label, condition } = saidOf(tile);
  const [word, note] = tile.querySelector(".tile-answer").children;
  word.textContent = WITHOUT.includes(condition) ? "" : titleOf(label);
  note.textContent = condition === "clear" ? "" : wordsOf(condition);
  tile.toggleAttribute("data-done", isDone(tile));
}

// What has been said of a tile, as people read it: `3`, `3 (Ambiguous)`, `Unusable`.
export function wordsFor(tile) {
  const [word, note] = [...tile.querySelector(".tile-answer").children].map(({ textContent }) => textContent);
  return word && note ? `${word} (${note})` : word || note;
}

function draft(tile) {
  const { label, condition, ms, rest } = saidOf(tile);
  const { assignment, version } = tile.dataset;
  const fields = [...rest, ...(label ? [[root.dataset.question, label]] : []), ["condition", condition], ["active_ms", String(Math.round(ms))]];
  return { assignment, page, person, url: addressOf(assignment, "draft/"), fields, base: version, writer: page, at: Date.now() };
}

// In this browser's own database, until the server has the answer.
function keep(some) {
  putAll("drafts", some.filter((tile) => isTouched(saidOf(tile))).map(draft));
  dropAll("drafts", some.filter((tile) => !isTouched(saidOf(tile))).map(draft));
}

export const forget = (some) => dropAll("drafts", some.map(draft));

const asSaid = (some) => some.map((tile) => [tile, { ...saidOf(tile) }]);

export function change(some, what) {
  if (!some.length) return;
  past.push(asSaid(some));
  undone.length = 0;
  shareTime(some);
  for (const tile of some) {
    Object.assign(saidOf(tile), what);
    paint(tile);
  }
  keep(some);
}

// Tiles as they stood before the newest of `from`; as they stand now is kept in `to`.
function turn(from, to, words) {
  const before = (from.pop() ?? []).filter(([tile]) => tile.isConnected);
  const some = before.map(([tile]) => tile);
  if (!some.length) return some;
  to.push(asSaid(some));
  for (const [tile, { label, condition }] of before) {
    Object.assign(saidOf(tile), { label, condition }); // the time it took is spent all the same
    paint(tile);
  }
  keep(some);
  announce(some.length === 1 ? `${words}.` : `${words} for ${some.length} tasks.`);
  return some;
}

export const undo = () => turn(past, undone, "Undone");
export const redo = () => turn(undone, past, "Done again");

// A tile that was sent, or given back, is not undone.
export function forgetPast(some) {
  const gone = new Set(some);
  for (const history of [past, undone]) {
    for (const entry of history.splice(0)) {
      const left = entry.filter(([tile]) => !gone.has(tile));
      if (left.length) history.push(left);
    }
  }
}

const OWN = [root.dataset.question, "condition", "active_ms", "confidence", "request_key", "revealed", "assignment"];

function read(tile, fields) {
  const value = (name) => fields.find(([one]) => one === name)?.[1];
  const rest = fields.filter(([name]) => !OWN.includes(name));
  Object.assign(saidOf(tile), { label: value(root.dataset.question) ?? "", condition: value("condition") ?? "clear", ms: Number(value("active_ms") ?? 0), rest });
}

// New tiles, with what their drafts say: the server's, and what tabs that are gone have left in this browser.
export async function takeUp(some) {
  for (const tile of some) {
    const { label, condition, rest } = tile.dataset;
    said.set(tile, { label, condition, ms: 0, rest: rest ? JSON.parse(rest) : [] });
  }
  const kept = await leftBehind("drafts", person);
  const found = kept.map((row) => [row, some.find((tile) => tile.dataset.assignment === row.assignment)]).filter(([, tile]) => tile);
  for (const [row, tile] of found) {
    read(tile, row.fields);
    tile.dataset.version = row.base;
  }
  for (const tile of some) paint(tile);
  keep(found.map(([, tile]) => tile));
  dropAll("drafts", found.map(([row]) => row));
  return found.length;
}

// The answer as the desk's own form would send it.
export function answerOf(tile, confidence) {
  const { label, condition, ms, rest } = saidOf(tile);
  const { assignment, key, said: suggested } = tile.dataset;
  const fields = [
    ...rest,
    ...(label ? [[root.dataset.question, label]] : []),
    ["condition", condition],
    ["confidence", confidence],
    ["request_key", key],
    ["revealed", suggested === undefined ? "" : "1"],
    ["active_ms", String(Math.round(ms))],
  ];
  return { assignment, page, person, url: addressOf(assignment, "submit/"), fields, at: Date.now() };
}
