// The questions of a card. One is current: keys answer it, arrows leave it, Enter accepts it and goes on
// to the next that must be answered. Kinds that are more than choices and texts have a widget in questions/.
const UNUSED = ["out_of_scope", "unusable"];
const WIDGETS = ["spans", "ranking", "steps", "correction"];
const loaded = new Map(); // kind → its module: attach, restore, key, accept
const all = () => [...document.querySelectorAll(".question")];
const widget = (question) => loaded.get(question?.dataset.kind);

export const current = () => document.querySelector(".question[aria-current]") ?? all()[0];

export function go(question, { scroll = true } = {}) {
  if (!question) return;
  const comes = !question.hasAttribute("aria-current");
  for (const other of all()) if (other !== question) other.removeAttribute("aria-current");
  question.setAttribute("aria-current", "step");
  if (!question.contains(document.activeElement)) question.focus({ preventScroll: true });
  if (!scroll) return;
  question.scrollIntoView({ block: "nearest" });
  if (comes) show(question);
}

// What a question is about comes into sight with it, where both have room: beside each other.
function show(question) {
  const about = document.querySelector(question.dataset.kind === "pairwise" ? ".subject .pair" : `.subject [data-field="${CSS.escape(question.dataset.field || "")}"]`);
  if (about && matchMedia("(min-width: 60.01rem)").matches) about.scrollIntoView({ block: "nearest" });
}

// A new card: its first open question is current, and the page stays where it is, at the subject.
export async function start() {
  const questions = all();
  go(questions.find(missing) ?? questions[0], { scroll: false });
  score();
  await attach();
}

// Kinds that have a widget get it.
export async function attach() {
  for (const question of all().filter(({ dataset }) => WIDGETS.includes(dataset.kind))) {
    const { kind } = question.dataset;
    if (!loaded.has(kind)) loaded.set(kind, await import(`./questions/${kind}.js`));
    if (question.isConnected) widget(question).attach(question);
  }
}

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

const offered = (key) => {
  const one = `[data-choice="${CSS.escape(key)}"]`;
  return current()?.querySelector(one) ?? document.querySelector(`.question[data-kind="pairwise"] ${one}`);
};

// Whether this key is one of the current question's own, or one side of a comparison.
export const offers = (key) => key.length === 1 && offered(key) != null;

export function choose(key) {
  const question = current();
  if (widget(question)?.key?.(question, key)) return true;
  const input = offered(key);
  if (!input) return false;
  input.click();
  go(input.closest(".question"));
  return true;
}

// Keys that only a widget knows, such as the arrows of spans.
export const toWidget = (key) => widget(current())?.key?.(current(), key) ?? false;

// True when everything that is asked has its answer; else the question to answer next becomes the current one.
export function accept() {
  const questions = all();
  const now = current();
  if (asked(now)) widget(now)?.accept?.(now);
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
  const held = question.querySelector("[data-answer]");
  if (held) return held.value !== "" && !("open" in question.dataset);
  const text = question.querySelector("textarea");
  return text ? text.value.trim() !== "" : question.querySelector("input:checked") !== null;
}

function asked(question) {
  const condition = document.querySelector("[name=condition]:checked")?.value;
  return "always" in question.dataset || !UNUSED.includes(condition);
}

// What is required and not answered, or begun and not ended.
const missing = (question) => asked(question) && !answered(question) && ("required" in question.dataset || "open" in question.dataset);

// The rubric: criteria from their lowest point (0) to their highest (1), weighted; as projects/domain/answers.py.
function score() {
  const line = document.getElementById("rubric");
  if (!line) return;
  let total = 0;
  let weights = 0;
  for (const question of document.querySelectorAll("[data-weight]")) {
    const points = [...question.querySelectorAll("input")].map(({ value }) => Number(value));
    const chosen = question.querySelector("input:checked");
    if (!chosen) continue;
    const weight = Number(question.dataset.weight);
    total += (weight * (Number(chosen.value) - points[0])) / (points.at(-1) - points[0]);
    weights += weight;
  }
  line.querySelector("b").textContent = weights ? (total / weights).toFixed(2) : "—";
}

document.addEventListener("focusin", ({ target }) => go(target.closest?.(".question"), { scroll: false }));
document.addEventListener("question:restore", ({ target }) => {
  widget(target)?.restore?.(target);
  score();
});
document.addEventListener("change", ({ target }) => {
  const question = target.closest?.(".question");
  if (!question) return;
  delete question.dataset.missing;
  document.getElementById("desk-says")?.replaceChildren();
  score();
});
