// Steps: a verdict on each step up to the first wrong one, which can be written anew.
import { give, given } from "./answer.js";

const VERDICTS = { 1: "right", 2: "wrong", 3: "unclear" };
const steps = (question) => [...question.querySelectorAll(".step")];
const now = (question) => question.querySelector(".step[data-current]") ?? steps(question)[0];
const verdict = (step) => step.querySelector("[data-verdict]:checked")?.value ?? null;

function go(question, step) {
  if (!step) return;
  for (const one of steps(question)) one.toggleAttribute("data-current", one === step);
  step.scrollIntoView({ block: "nearest" });
}

const firstWrong = (verdicts) => (verdicts.includes("wrong") ? verdicts.indexOf("wrong") : null);

function read(question) {
  const verdicts = steps(question).map(verdict);
  const first = firstWrong(verdicts);
  const texts = steps(question).map((step) => [step.dataset.step, step.querySelector("textarea").value]);
  const rewrites = Object.fromEntries(texts.filter(([at, text]) => verdicts[at] === "wrong" && text.trim()));
  const none = verdicts.every((one) => one === null);
  give(question, none ? null : { verdicts, first_wrong: first, rewrites });
  show(question);
}

// What can be written, what comes after the first wrong one, whether a verdict is still to come.
function show(question) {
  const verdicts = steps(question).map(verdict);
  const first = firstWrong(verdicts);
  for (const [at, step] of steps(question).entries()) {
    step.querySelector("textarea").hidden = verdicts[at] !== "wrong";
    step.toggleAttribute("data-after", first !== null && at > first);
  }
  question.toggleAttribute("data-open", given(question) !== null && verdicts.slice(0, first ?? verdicts.length).includes(null));
}

// As the answer has it. Nothing is changed by that: who listens for changes hears nothing.
export function restore(question) {
  const answer = given(question);
  for (const [at, step] of steps(question).entries()) {
    for (const radio of step.querySelectorAll("[data-verdict]")) radio.checked = radio.value === answer?.verdicts[at];
    step.querySelector("textarea").value = answer?.rewrites?.[at] ?? "";
  }
  show(question);
}

export function attach(question) {
  restore(question);
  go(question, steps(question).find((step) => verdict(step) === null) ?? steps(question)[0]);
  question.addEventListener("focusin", ({ target }) => target.closest(".step") && go(question, target.closest(".step")));
  question.addEventListener("input", ({ target }) => !("answer" in target.dataset) && read(question));
}

export function key(question, name) {
  const all = steps(question);
  const at = all.indexOf(now(question));
  if (name === "[" || name === "]") return go(question, all[at + (name === "[" ? -1 : 1)]), true;
  if (!(name in VERDICTS)) return false;
  now(question).querySelector(`[data-verdict="${name}"]`).checked = true;
  read(question);
  if (name !== "2") go(question, all[at + 1]);
  return true;
}
