// What was changed on this card, to be undone and done again: one history over all its questions. A text field keeps
// its own while one writes in it; here its writing is one step.
import { answersOf, fill } from "./fields.js";
import { announce } from "./notices.js";
import { go } from "./questions.js";

let states = []; // pairs of name and value as they stood, oldest first
let at = 0;
let written = null; // the text field whose writing the newest state is
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// What stands in the form now is where undoing ends.
export function begin(form) {
  states = [answersOf(form)];
  at = 0;
  written = null;
}

export function note(form) {
  const now = answersOf(form);
  if (same(now, states[at])) return;
  const writing = document.activeElement.matches("textarea") ? document.activeElement : null;
  const last = writing && writing === written && at === states.length - 1 ? at : at + 1;
  states = [...states.slice(0, last), now];
  at = last;
  written = writing;
}

// One step back (-1) or forth (1); false where there is none.
export function turn(form, by) {
  const [from, to] = [states[at], states[at + by]];
  if (!form || !to) return false;
  at += by;
  written = null;
  fill(form, to);
  const named = changed(from, to);
  const question = form.querySelector(`[name="${CSS.escape(named)}"]`)?.closest(".question");
  go(question);
  announce(`${by < 0 ? "Undone" : "Done again"}: ${question?.querySelector("legend").firstChild.textContent.trim() ?? named}.`);
  return true;
}

// The first name whose values differ.
function changed(from, to) {
  const valuesOf = (fields, name) => fields.filter(([other]) => other === name).map(([, value]) => value);
  return [...from, ...to].map(([name]) => name).find((name) => !same(valuesOf(from, name), valuesOf(to, name)));
}
