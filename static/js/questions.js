// The questions of a card. One is current: digits answer it, arrows leave it, Enter accepts it and goes on
// to the next that must be answered.
const UNUSED = ["out_of_scope", "unusable"];
const all = () => [...document.querySelectorAll(".question")];

export const current = () => document.querySelector(".question[aria-current]") ?? all()[0];

export function go(question, { scroll = true } = {}) {
  if (!question) return;
  for (const other of all()) if (other !== question) other.removeAttribute("aria-current");
  question.setAttribute("aria-current", "step");
  if (!question.contains(document.activeElement)) question.focus({ preventScroll: true });
  if (scroll) question.scrollIntoView({ block: "nearest" });
}

// A new card: its first open question is current, and the page stays where it is, at the subject.
export const start = () => go(all().find(missing) ?? all()[0], { scroll: false });

export function step(by) {
  const questions = all();
  const at = questions.indexOf(current()) + by;
  if (questions[at]) go(questions[at]);
}

// Out of a text field, back to where keys act.
export function leave() {
  const question = document.activeElement.closest(".question") ?? current();
  document.activeElement.blur();
  go(question);
}

const offered = (key) => current()?.querySelector(`[data-choice="${CSS.escape(key)}"]`);

// Whether this key is one of the current question's own.
export const offers = (key) => key.length === 1 && offered(key) != null;

export function choose(key) {
  const input = offered(key);
  if (!input) return false;
  input.click();
  go(current());
  return true;
}

// True when everything that is asked has its answer; else the question to answer next becomes the current one.
export function accept() {
  const questions = all();
  const now = current();
  if (missing(now)) return ask(now);
  const next = questions.slice(questions.indexOf(now) + 1).find(missing);
  if (next) return go(next), false;
  return complete();
}

export function complete() {
  const open = all().find(missing);
  return open ? ask(open) : true;
}

function ask(question) {
  go(question);
  question.dataset.missing = "";
  const title = question.querySelector("legend").firstChild.textContent.trim();
  document.getElementById("desk-says").textContent = `Please answer “${title}”.`;
  return false;
}

function answered(question) {
  const text = question.querySelector("textarea");
  return text ? text.value.trim() !== "" : question.querySelector("input:checked") !== null;
}

function asked(question) {
  const condition = document.querySelector("[name=condition]:checked")?.value;
  return "always" in question.dataset || !UNUSED.includes(condition);
}

const missing = (question) => "required" in question.dataset && asked(question) && !answered(question);

document.addEventListener("focusin", ({ target }) => go(target.closest?.(".question"), { scroll: false }));
document.addEventListener("change", ({ target }) => {
  const question = target.closest?.(".question");
  if (!question) return;
  delete question.dataset.missing;
  document.getElementById("desk-says")?.replaceChildren();
});
