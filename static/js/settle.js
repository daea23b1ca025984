// Adjudication by keyboard: a label, a cause, Enter; the next dispute comes in the same place.
import { begin, note, turn } from "./history.js";
import { accept, choose, complete, leave, offers, start, step } from "./questions.js";
import "./comments.js";
import { bindKeys, press, writeCheatSheet } from "./shortcuts.js";

const form = () => document.getElementById("settle");
const send = (ready) => form() && ready() && form().requestSubmit();

const KEYS = [
  { keys: [..."0123456789"], shown: ["0", "…", "9"], does: "Choose an option of the current question", others: offers, run: choose },
  { keys: ["Enter"], does: "Accept and go on; settle when label and cause are given", run: () => send(accept) },
  { keys: ["ArrowUp", "ArrowDown"], does: "Previous, next question", run: (name) => step(name === "ArrowUp" ? -1 : 1) },
  { keys: ["c"], does: "Note", run: () => document.getElementById("comment")?.focus() },
  { keys: ["t"], does: "Comments: talk about it", run: press("[data-opens=talk]") },
  { keys: ["Escape"], does: "Leave a text field", writing: true, run: leave },
  { keys: ["Ctrl+Enter"], does: "Settle, also from a text field", writing: true, run: () => send(complete) },
  { keys: ["Ctrl+z"], shown: ["Ctrl+z", "⇧"], does: "Undo a change, with ⇧ do it again", run: (_, { shiftKey }) => void turn(form(), shiftKey ? 1 : -1) },
  { keys: ["n"], does: "Leave it for later, take the next", run: press("[data-key=n]") },
  { keys: ["?"], does: "This list", run: press("[data-opens=cheat-sheet]") },
];

document.addEventListener("submit", (event) => {
  if (event.target === form() && !complete()) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, { capture: true });
document.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.id === "dispute" && arrive());
document.addEventListener("input", ({ target }) => form() && target.form === form() && note(form()));

function arrive() {
  if (!form()) return;
  begin(form());
  start();
}

writeCheatSheet(KEYS, document.querySelector(".cheat-sheet"));
bindKeys(KEYS);
arrive();
