// The desk: one card after the other by keyboard, nothing lost on the way.
import { activeWithin } from "./activity.js";
import { giveBack, leave as leaveCard, lookAhead } from "./ahead.js";
import { dismissBreak, watchBreaks } from "./breaks.js";
import "./comments.js";
import { watchVerbs } from "./declining.js";
import { forget, noteChange, save } from "./drafts.js";
import { toggle as toggleGuidelines } from "./guidelines.js";
import { note, turn } from "./history.js";
import { toast } from "./notices.js";
import { ANSWER, CHOOSE } from "./question-keys.js";
import { accept, complete, leave } from "./questions.js";
import { reveal } from "./reveal.js";
import { carry, settled, waiting } from "./sending.js";
import { bindKeys, press, writeCheatSheet } from "./shortcuts.js";
import { watchSignIn } from "./signin-again.js";
import { say } from "./signs.js";
import { card, form, hands, keepAside, sendAnswer, setAside, show, takeUp, takeUpDrafts, tell } from "./turns.js";

const desk = document.getElementById("desk");
const LOOK = 30_000;
let aside = null;
let reopening = false;

// The last one may be on its way still: it is not the one before it that is meant.
async function reopenLast() {
  if (reopening) return;
  reopening = true;
  await settled();
  reopening = false;
  if (waiting()) toast("Your last answer has not reached the server yet. Reopen it when it has.", { kind: "warn" });
  else press("#strip button:not(:disabled)")();
}

const submit = () => form() && complete() && form().requestSubmit();
const write = (textarea) => (textarea ? textarea.focus() : false);

function undo(name, { shiftKey }) {
  if (turn(form(), shiftKey ? 1 : -1)) noteChange(form(), hands);
}

const KEYS = [
  CHOOSE,
  { keys: ["Enter"], does: "Accept and go on; submit when all is answered", run: () => form() ? accept() && form().requestSubmit() : press("#card [type=submit]")() },
  ...ANSWER,
  { keys: ["Escape"], does: "Leave a text field or a dialog", writing: true, run: () => dismissBreak() || leave() },
  { keys: ["Ctrl+Enter"], does: "Submit, also from a text field", writing: true, run: submit },
  { keys: ["Ctrl+z"], shown: ["Ctrl+z", "⇧"], does: "Undo a change of the answer, with ⇧ do it again", run: undo },
  { keys: ["r"], does: "Reveal what the model says, once all is answered", run: press("[data-reveals]") },
  { keys: ["c"], does: "Comment", run: () => write(document.getElementById("comment")) },
  { keys: ["s"], does: "Skip: not for me (then a digit)", run: press("[data-opens=skip]") },
  { keys: ["x"], does: "Escalate: for a lead (then a digit)", run: press("[data-opens=escalate]") },
  { keys: ["o"], does: "Exclude: not for anyone (then a digit)", run: press("[data-opens=exclude]") },
  { keys: ["t"], does: "Comments: talk about it", run: () => card() && press("[data-opens=talk]")() },
  { keys: ["u"], does: "Reopen the last decision", run: reopenLast },
  { keys: ["g"], does: "Guidelines", run: toggleGuidelines },
  { keys: ["?"], does: "This list", run: press("[data-opens=cheat-sheet]") },
];

// The second click of a double click falls on the next card.
desk.addEventListener("click", (event) => event.detail > 1 && event.target.closest("#answer [type=submit]") && event.preventDefault(), { capture: true });
desk.addEventListener("submit", (event) => {
  if (event.target.id !== "answer") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (complete()) sendAnswer();
}, { capture: true });
desk.addEventListener("click", ({ target }) => target.closest("[data-reveals]") && reveal());
desk.addEventListener("htmx:configRequest", ({ detail }) => {
  delete detail.parameters.csrfmiddlewaretoken; // the header has the newer one after signing in again
  save(form(), hands); // leaving the card for another verb
});
desk.addEventListener("desk:done", ({ detail }) => {
  forget(card().dataset.assignment);
  leaveCard(card());
  tell(card(), detail);
});
desk.addEventListener("htmx:beforeSwap", ({ detail }) => {
  aside = detail.target.id === "card" && detail.requestConfig.elt.closest("#strip") ? setAside() : null; // back when the reopened one is done
});
desk.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target.id !== "card") return;
  show();
  keepAside(aside);
});
desk.addEventListener("input", ({ target }) => {
  if (!form() || target.form !== form()) return;
  note(form());
  noteChange(form(), hands);
});
addEventListener("pagehide", () => {
  save(form(), hands, { keepalive: true });
  giveBack({ keepalive: true });
});
addEventListener("offline", () => say("offline"));
for (const [where, moment] of [[window, "online"], [document, "signed-in"]]) {
  where.addEventListener(moment, () => {
    say("");
    save(form(), hands);
  });
}

writeCheatSheet(KEYS, desk.querySelector(".cheat-sheet"));
watchVerbs(desk);
watchSignIn(document.getElementById("sign-in-again"));
bindKeys(KEYS);
carry(hands);
watchBreaks(Number(desk.dataset.break), () => save(form(), hands));
await takeUp();
show();
dispatchEvent(new Event("desk:listens")); // early-keys.js
takeUpDrafts();
setInterval(() => takeUp().then(takeUpDrafts), LOOK);
setInterval(() => activeWithin(2 * LOOK) && card() && !card().inert && lookAhead(desk.dataset.ahead, card()), LOOK);
