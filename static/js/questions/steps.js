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

function read(question) {
  const verdicts = steps(question).map(verdict);
  const first = verdicts.indexOf("wrong");
  const needed = first < 0 ? verdicts : verdicts.slice(0, first);
  const rewrites = {};
  for (const step of steps(question)) {
    const text = step.querySelector("textarea");
    text.hidden = verdict(step) !== "wrong";
    if (!text.hidden && text.value.trim()) rewrites[step.dataset.step] = text.value;
    step.toggleAttribute("data-after", first >= 0 && Number(step.dataset.step) > first);
  }
  const none = verdicts.every((one) => one === null);
  give(question, none ? null : { verdicts, first_wrong: first < 0 ? null : first, rewrites }, { open: !none && needed.includes(null) });
}

function put(question) {
  const answer = given(question);
  for (const step of steps(question)) {
    const at = Number(step.dataset.step);
    for (const radio of step.querySelectorAll("[data-verdict]")) radio.checked = radio.value === answer?.verdicts[at];
    step.querySelector("textarea").value = answer?.rewrites?.[at] ?? "";
  }
  return answer;
}

export function restore(question) {
  put(question);
  read(question);
}

export function attach(question) {
  if (put(question)) read(question);
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
