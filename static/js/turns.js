// One card after the other: what is answered is kept first, then the next card is painted, then the network has its turn.
// In this order nobody waits, and nothing can be lost.
import { activeMs, startCounting } from "./activity.js";
import { cardFrom, giveBack, hold, isShown, leave, lookAhead, take } from "./ahead.js";
import { closeVerbs } from "./declining.js";
import { forget, noteChange, personOf, restore, save, sendOthers, stopSaving } from "./drafts.js";
import { choose } from "./elsewhere.js";
import { fieldsOf, fill } from "./fields.js";
import { linkQuestions } from "./guidelines.js";
import { begin } from "./history.js";
import { overdue, watch } from "./lease.js";
import { announce, toast } from "./notices.js";
import { leftBehind, page, put } from "./outbox.js";
import { showTools } from "./pictures.js";
import { start } from "./questions.js";
import { give, isOnItsWay, post, waiting } from "./sending.js";
import { say } from "./signs.js";
import { addDecision } from "./strip.js";

const desk = document.getElementById("desk");
export const card = () => desk.querySelector(".desk-card");
export const form = () => document.getElementById("answer");
const works = () => card() !== null && !card().inert;
let begun = null; // the card whose widgets listen

export function show() {
  if (card() && card() === begun) return;
  begun = card();
  stopSaving();
  closeVerbs(desk);
  pointComments();
  watch(card());
  if (!card()) {
    say("");
    giveBack();
    return document.getElementById("card").focus({ preventScroll: true });
  }
  isShown(card());
  showTools();
  card().inert = isOnItsWay(card());
  if (card().inert) return;
  say("saved" in card().dataset ? "saved" : "");
  startCounting(Number(card().dataset.active));
  begin(form());
  restore(card(), hands).then((filled) => filled && begin(form()));
  start();
  linkQuestions(card());
  lookAhead(desk.dataset.ahead, card());
}

// The head of the desk leads to the comments on what is on it.
function pointComments() {
  const talk = desk.querySelector("[data-opens=talk]");
  talk.hidden = !card();
  if (card()) talk.href = `${form().dataset.standUrl}comments/`;
}

function paint(next) {
  document.getElementById("card").replaceWith(next);
  htmx.process(next);
  scrollTo(0, 0);
  show();
}

// Another card comes over the one on the desk, which waits: a copy, so that its widgets begin anew.
export const setAside = () => works() && card().cloneNode(true);
export const keepAside = (aside) => aside && hold(aside, { first: true });

export async function sendAnswer() {
  const shown = card();
  if (shown.inert) return;
  const fields = fieldsOf(form()).map(([name, value]) => [name, name === "active_ms" ? String(activeMs()) : value]);
  const row = { assignment: shown.dataset.assignment, page, person: personOf(), url: form().action, fields, late: overdue(), at: Date.now() };
  shown.inert = true;
  stopSaving();
  leave(shown);
  give(row, shown);
  const next = take();
  if (!next) return;
  next.dataset.left = next.dataset.lease; // looked at, it is leased in full
  paint(next);
}

// The card that the server is told is on the desk already, so that it answers with the one after.
const showing = (sent) => (works() && card() !== sent ? card().dataset.assignment : null);

async function done({ row, card: sent }, response) {
  forget(row.assignment);
  tell(sent, JSON.parse(response.headers.get("HX-Trigger"))["desk:done"], row.late);
  say(works() && "saved" in card().dataset ? "saved" : "");
  const next = response.status === 200 ? cardFrom(await response.text().catch(() => "")) : null; // cut off: it is asked for again
  if (!next || isOnItsWay(next)) return goOn();
  if (works()) hold(next);
  else paint(next);
}

// The card on the desk is answered, and no answer on its way will bring the next.
async function goOn() {
  const answered = card();
  if (!answered?.inert || waiting()) return;
  const next = await leased();
  if (card() === answered) paint(next); // else another was reopened meanwhile
}

export function tell(sent, detail, late) {
  if (sent) addDecision(sent, detail);
  else toast("An answer that was kept here has been sent.", { kind: "good" });
  const sitting = document.getElementById("sitting");
  sitting.hidden = false;
  sitting.firstElementChild.textContent = Number(sitting.firstElementChild.textContent) + 1;
  if (detail.state === "surplus") toast(detail.says, { kind: "warn" });
  else announce(late && detail.state === "submitted" ? `${detail.says} Your time was up, but the task still had room.` : detail.says);
}

// An answer that does not count yet is a draft again.
const asDraft = ({ assignment, person, url, fields }) =>
  put("drafts", { assignment, page, person, url: verb(url, "draft/"), fields, base: "", writer: page, at: Date.now() });
const verb = (url, name) => url.replace(/[a-z]+\/$/, name);

// The server does not take it as it is: the card comes back with the reason, and what was shown waits.
async function refused({ row, card: sent }, response) {
  await asDraft(row);
  if (!sent) {
    toast("An answer that was kept here was not taken as it is. It is a draft again and comes back with its task.", { kind: "warn" });
    return goOn();
  }
  await save(form(), hands);
  const aside = card() === sent ? null : setAside();
  sent.inert = false;
  paint(sent.cloneNode(true));
  keepAside(aside);
  document.getElementById("desk-says").innerHTML = await response.text();
  noteChange(form(), hands);
}

async function elsewhere({ row, card: sent }) {
  await asDraft(row);
  if (sent) sent.inert = false;
  await decide(verb(row.url, ""), row.fields, { finished: true });
  await goOn();
}

// A draft that the server did not take: it has a newer one from elsewhere, or the task is finished.
const differ = (from, code) => decide(from.dataset.standUrl, fieldsOf(from), { finished: code !== "changed_elsewhere" });

async function decide(url, fields, { finished }) {
  const { choice, card: theirs } = await choose(url, fields, { finished });
  if (!choice) return;
  const onDesk = card()?.dataset.assignment === theirs.dataset.assignment;
  if (choice === "mine") return finished ? reopenWith(theirs, fields) : goOnWith(theirs);
  forget(theirs.dataset.assignment);
  if (onDesk) paint(finished ? await leased() : theirs);
}

function goOnWith(theirs) {
  card().dataset.version = theirs.dataset.version;
  noteChange(form(), hands);
}

async function reopenWith(theirs, fields) {
  const response = await post(theirs.querySelector("#answer").dataset.reopenUrl, new FormData());
  if (!response.ok) return toast("That answer cannot be reopened any more. What you entered is kept here.", { kind: "warn" });
  const aside = card()?.dataset.assignment === theirs.dataset.assignment ? null : setAside();
  paint(cardFrom(await response.text()));
  keepAside(aside);
  fill(form(), fields);
  begin(form());
  noteChange(form(), hands);
}

async function leased() {
  const response = await post(desk.dataset.lease, new FormData());
  return response.ok ? cardFrom(await response.text()) : card();
}

export const hands = { say, done, refused, elsewhere, differ, showing };

// What tabs that are gone have left: first the answers, then the drafts.
export async function takeUp() {
  for (const row of await leftBehind("answers", personOf())) {
    const own = { ...row, page };
    await put("answers", own);
    const shown = card()?.dataset.assignment === row.assignment ? card() : null;
    if (shown) shown.inert = true;
    give(own, shown);
  }
}

export const takeUpDrafts = () => sendOthers(card());
