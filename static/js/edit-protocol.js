// The editor of a protocol. The server draws the form and checks it; here is what a keyboard adds to it, where
// an error stands, and the card of the preview, which is answered as on the desk.
import { find } from "./find-label.js";
import { accept, attach, choose, leave, offers, step, toWidget } from "./questions.js";
import { bindKeys } from "./shortcuts.js";

const editor = document.querySelector(".protocol-editor");
const named = (name) => editor.querySelector(`#draft [name="${CSS.escape(name)}"]:not([type=hidden]), #draft button[value="${CSS.escape(name)}"]`);

// The control that a place names, else the nearest that holds it: questions[1].options[0].key, …options, questions[1].
function entryAt(place) {
  for (let at = place; at; at = at.replace(/(^|[.[])[^.[]*$/, "")) {
    const found = document.getElementById(at) ?? named(at);
    if (found) return found;
  }
  return null;
}

// The words of an error go to the entry it is about; what was said before is taken back.
function placeProblem() {
  for (const old of editor.querySelectorAll("[data-said]")) old.remove();
  for (const wrong of editor.querySelectorAll("#draft [aria-invalid]")) {
    wrong.removeAttribute("aria-invalid");
    wrong.removeAttribute("aria-describedby");
  }
  const problem = editor.querySelector("[data-problem]");
  const entry = problem && entryAt(problem.dataset.problem);
  if (!entry) return;
  const words = Object.assign(document.createElement("p"), { className: "field-error", id: "problem", textContent: problem.querySelector("span").textContent });
  words.dataset.said = "";
  entry.setAttribute("aria-invalid", "true");
  entry.setAttribute("aria-describedby", "problem");
  if (entry.matches("fieldset")) entry.querySelector("legend").after(words);
  else (entry.closest(".part-row, .entry-row, .field, .check") ?? entry).after(words);
}

// Questions about a field follow it when it is renamed, and offer only fields of a kind they can be about.
function followFields({ target } = {}) {
  const fields = [...editor.querySelectorAll("#fields [data-field]")].map((entry) => {
    const control = (name) => entry.querySelector(`[name$=".${name}"]`);
    return { name: control("name"), kind: control("kind").value, was: control("was") };
  });
  for (const select of editor.querySelectorAll("select[data-takes]")) {
    const offered = fields.filter(({ name, kind }) => name.value && select.dataset.takes.split(" ").includes(kind));
    const chosen = fields.find(({ name, was }) => name === target && was.value === select.value)?.name.value ?? select.value;
    if (!offered.length) continue;
    select.replaceChildren(...offered.map(({ name }) => new Option(name.value, name.value)));
    select.value = offered.some(({ name }) => name.value === chosen) ? chosen : (offered[select.dataset.nth ?? 0] ?? offered[0]).name.value;
  }
  for (const { name, was } of fields) if (name === target) was.value = name.value;
}

// After a move or a press the server names what one goes on with; who moved an entry from one of its fields stays in it.
let within = "";
function goOn() {
  const on = document.getElementById("draft").dataset.focusOn;
  (named(on.replace(/^\w+ /, "") + within) ?? named(on))?.focus();
  within = "";
}

const press = (button) => button && (button.click(), true);

// Enter goes on to the next option, and after the last one makes another; Alt with an arrow moves an entry.
function onKey(event) {
  const entry = event.target.closest("[data-entry]");
  if (event.altKey && /^Arrow(Up|Down)$/.test(event.key)) {
    const button = entry?.querySelector(`button[value^="${event.key === "ArrowUp" ? "up" : "down"} "]`);
    within = event.target.name?.slice(button?.value.replace(/^\w+ /, "").length) ?? "";
    if (press(button)) event.preventDefault();
  }
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("#draft input:not([type=file])")) return;
  event.preventDefault();
  if (!entry?.matches("[data-option]")) return;
  const next = entry.nextElementSibling;
  if (next?.matches("[data-option]")) next.querySelector("input").focus();
  else press(entry.parentElement.querySelector('button[value^="add "]'));
}

function drop(event) {
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  event.preventDefault();
  if (event.type !== "drop") return;
  const input = editor.querySelector("input[type=file]");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// Keys mean an answer only while one is at the preview.
const trying = (run) => (...given) => (document.activeElement.closest("#preview") ? run(...given) : false);
function conclude() {
  if (accept()) document.getElementById("desk-says").textContent = "All is answered: on the desk, Enter would send it.";
}
const KEYS = [
  { keys: [..."0123456789"], others: (name) => document.activeElement.closest("#preview") && offers(name), run: trying(choose) },
  { keys: ["Enter"], run: trying(conclude) },
  { keys: ["ArrowUp", "ArrowDown"], run: trying((name) => step(name === "ArrowUp" ? -1 : 1)) },
  { keys: ["/"], run: trying(find) },
  { keys: ["a", "b", "e"], run: trying(choose) },
  { keys: ["[", "]", "d"], run: trying(toWidget) },
  { keys: ["ArrowLeft", "ArrowRight", "Shift+ArrowLeft", "Shift+ArrowRight"], run: trying(toWidget) },
  { keys: ["Escape"], writing: true, run: trying(leave) },
];

editor.addEventListener("input", followFields);
editor.addEventListener("keydown", onKey);
for (const moment of ["dragover", "drop"]) editor.addEventListener(moment, drop);
document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  if (target.id === "draft") goOn();
  if (target.id.startsWith("parts-") || target.id === "draft") followFields();
  if (target.id === "preview") attach();
  // the newest word is the preview's; that somebody else was first is not for it to say
  if (target.id.startsWith("preview")) editor.querySelector("#draft [data-problem]:not([data-problem^=mapping])")?.remove();
  placeProblem();
});
bindKeys(KEYS);
placeProblem();
