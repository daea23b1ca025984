// The desk: one card after the other by keyboard, nothing lost on the way.
import { activeMs, startCounting } from "./activity.js";
import { clearOld, forget, noteChange, restore, save, stopSaving } from "./drafts.js";
import { overdue, watch } from "./lease.js";
import { announce, toast } from "./notices.js";
import { showTools, zoom } from "./pictures.js";
import { accept, choose, complete, find, leave, offers, start, step, toWidget } from "./questions.js";
import { holdAnswers } from "./sending.js";
import { bindKeys, press, writeCheatSheet } from "./shortcuts.js";
import { addDecision } from "./strip.js";

const desk = document.getElementById("desk");
const card = () => desk.querySelector(".desk-card");
const form = () => document.getElementById("answer");
const STATES = { saving: "Saving", saved: "Saved", sending: "Sending", offline: "Offline, kept here", "signed-out": "Signed out, kept here", elsewhere: "Changed elsewhere", refused: "Not saved" };

function say(state) {
  const sign = document.getElementById("save-state");
  sign.dataset.state = state;
  if (state !== "sending") sign.textContent = STATES[state] ?? "";
  const says = document.getElementById("desk-says");
  if (state === "signed-out" && says) {
    const link = Object.assign(document.createElement("a"), { href: desk.dataset.login, target: "_blank", textContent: "sign in in a new tab" });
    says.replaceChildren("You have been signed out. Your answer is kept here: ", link, ", come back, and it is sent.");
  } else if (state === "offline") says?.replaceChildren("The server does not answer. Your answer is kept here and sent again by itself.");
  else if (state === "refused") says?.replaceChildren("The server does not take this as a draft: it is too long, or holds a character that is none. It is kept here.");
  else if (state === "elsewhere") says?.replaceChildren("This task was finished elsewhere; what you enter here is not saved. Reload the page for the next one.");
}

const submit = () => form() && complete() && form().requestSubmit();
const write = (textarea) => (textarea ? textarea.focus() : false);

const KEYS = [
  { keys: [..."0123456789"], shown: ["0", "…", "9"], does: "Choose an option of the current question", others: offers, run: choose },
  { keys: ["Enter"], does: "Accept and go on; submit when all is answered", run: () => form() ? accept() && form().requestSubmit() : press("#card [type=submit]")() },
  { keys: ["ArrowUp", "ArrowDown"], does: "Previous, next question", run: (name) => step(name === "ArrowUp" ? -1 : 1) },
  { keys: ["/"], does: "Find a label", run: find },
  { keys: ["a", "b", "e"], does: "Left, right, equal in a comparison", run: choose },
  { keys: ["[", "]"], does: "Previous, next reasoning step", run: toWidget },
  { keys: ["ArrowLeft", "ArrowRight", "Shift+ArrowLeft", "Shift+ArrowRight"], shown: ["ArrowLeft", "ArrowRight", "⇧"], does: "Select in a text by word, extend", run: toWidget },
  { keys: ["+", "-"], does: "Picture larger, smaller (drag moves it)", run: (name) => zoom(name === "+" ? 1.5 : 1 / 1.5) },
  { keys: ["d"], does: "Difference of a correction on and off", run: toWidget },
  { keys: ["Shift+Enter"], does: "Write in the current question's text field", run: () => write(desk.querySelector("[aria-current] [data-current] textarea:not([hidden])") ?? desk.querySelector("[aria-current] textarea:not([hidden])")) },
  { keys: ["Escape"], does: "Leave a text field or a dialog", writing: true, run: leave },
  { keys: ["Ctrl+Enter"], does: "Submit, also from a text field", writing: true, run: submit },
  { keys: ["c"], does: "Comment", run: () => write(document.getElementById("comment")) },
  { keys: ["s"], does: "Skip: not for me (then a digit)", run: press("[data-opens=skip]") },
  { keys: ["x"], does: "Escalate: for a lead (then a digit)", run: press("[data-opens=escalate]") },
  { keys: ["u"], does: "Reopen the last decision", run: press("#strip button:not(:disabled)") },
  { keys: ["g"], does: "Guidelines", run: press("#guidelines summary") },
  { keys: ["?"], does: "This list", run: press("[data-opens=cheat-sheet]") },
];

function show() {
  watch(card());
  showTools();
  say(card() && "saved" in card().dataset ? "saved" : "");
  if (!card()) return document.getElementById("card").focus({ preventScroll: true });
  startCounting(Number(card().dataset.active));
  restore(card(), say);
  start();
}

desk.addEventListener("submit", (event) => {
  if (event.target.id === "answer" && !complete()) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, { capture: true });
desk.addEventListener("htmx:configRequest", (event) => {
  if (event.target.id !== "answer") return save(form(), say); // leaving the card for another verb
  stopSaving();
  event.detail.parameters.active_ms = activeMs();
});
desk.addEventListener("desk:done", ({ detail }) => {
  const late = overdue();
  forget(card());
  addDecision(card(), detail);
  const sitting = document.getElementById("sitting");
  sitting.hidden = false;
  sitting.firstElementChild.textContent = Number(sitting.firstElementChild.textContent) + 1;
  if (detail.state === "surplus") toast(detail.says, { kind: "warn" });
  else announce(late && detail.state === "submitted" ? `${detail.says} Your time was up, but the task still had room.` : detail.says);
});
desk.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.id === "card" && show());
desk.addEventListener("input", ({ target }) => target.form === form() && noteChange(form(), say));
addEventListener("pagehide", () => save(form(), say, { keepalive: true }));
addEventListener("online", () => save(form(), say));

writeCheatSheet(KEYS, desk.querySelector(".cheat-sheet"));
clearOld();
holdAnswers(desk, say);
bindKeys(KEYS);
show();
