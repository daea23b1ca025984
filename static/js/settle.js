// Adjudication by keyboard: a label, a cause, Enter; the next dispute comes in the same place.
import "./comments.js";
import { answersOf, fill } from "./fields.js";
import { begin, note, turn } from "./history.js";
import { announce } from "./notices.js";
import { showTools } from "./pictures.js";
import { ANSWER, CHOOSE } from "./question-keys.js";
import { accept, complete, go, leave, start } from "./questions.js";
import { bindKeys, press, writeCheatSheet } from "./shortcuts.js";

const form = () => document.getElementById("settle");
const send = (ready) => form() && ready() && form().requestSubmit();

// An answer as somebody gave it: the lead's own note and cause stay.
function takeOver(side) {
  if (!form() || !side) return false;
  const own = answersOf(form()).filter(([name]) => ["cause", "note"].includes(name));
  fill(form(), [...own, ...JSON.parse(side.dataset.answers)]);
  note(form());
  for (const one of sides()) one.toggleAttribute("data-taken", one === side);
  go(document.querySelector(".question:has([name=cause])"));
  announce(`${side.dataset.letter} is taken over.`);
}

const sides = () => [...document.querySelectorAll(".side[data-answers]")];
const nextSide = () => sides()[(sides().findIndex((one) => "taken" in one.dataset) + 1) % sides().length];

const KEYS = [
  CHOOSE,
  { keys: ["="], does: "Take an answer over as it is: A, again B, …", run: () => takeOver(nextSide()) },
  { keys: ["Enter"], does: "Accept and go on; settle when label and cause are given", run: () => send(accept) },
  ...ANSWER,
  { keys: ["c"], does: "Note", run: () => document.getElementById("comment")?.focus() },
  { keys: ["t"], does: "Comments: talk about it", run: press("[data-opens=talk]") },
  { keys: ["Escape"], does: "Leave a text field", writing: true, run: leave },
  { keys: ["Ctrl+Enter"], does: "Settle, also from a text field", writing: true, run: () => send(complete) },
  { keys: ["Ctrl+z"], shown: ["Ctrl+z", "⇧"], does: "Undo a change, with ⇧ do it again", run: (_, { shiftKey }) => void turn(form(), shiftKey ? 1 : -1) },
  { keys: ["l"], does: "Leave it for later, take the next", run: press("[data-key=l]") },
  { keys: ["?"], does: "This list", run: press("[data-opens=cheat-sheet]") },
];

document.addEventListener("click", ({ target }) => target.closest("[data-takes]") && takeOver(target.closest(".side")));
document.addEventListener("submit", (event) => {
  if (event.target === form() && !complete()) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, { capture: true });
document.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.id === "dispute" && arrive());
document.addEventListener("input", ({ target }) => form() && target.form === form() && note(form()));

function arrive() {
  showTools();
  if (!form()) return;
  begin(form());
  start();
}

writeCheatSheet(KEYS, document.querySelector(".cheat-sheet"));
bindKeys(KEYS);
arrive();
