// The keys that answer questions, wherever a card with questions stands: the desk, adjudication.
import { find } from "./find-label.js";
import { zoom } from "./pictures.js";
import { choose, offers, step, toWidget } from "./questions.js";

const TEXT = "textarea:not([hidden])";

function write() {
  const text = document.querySelector(`.question[aria-current] [data-current] ${TEXT}`) ?? document.querySelector(`.question[aria-current] ${TEXT}`);
  return text ? text.focus() : false;
}

export const CHOOSE = { keys: [..."0123456789"], shown: ["0", "…", "9"], does: "Choose an option of the current question", others: offers, run: choose };

export const ANSWER = [
  { keys: ["ArrowUp", "ArrowDown"], does: "Previous, next question", run: (name) => step(name === "ArrowUp" ? -1 : 1) },
  { keys: ["/"], does: "Find a label", run: find },
  { keys: ["a", "b", "e"], does: "Left, right, equal in a comparison", run: choose },
  { keys: ["[", "]"], does: "Previous, next reasoning step", run: toWidget },
  { keys: ["ArrowLeft", "ArrowRight", "Shift+ArrowLeft", "Shift+ArrowRight"], shown: ["ArrowLeft", "ArrowRight", "⇧"], does: "Select in a text by word, extend", run: toWidget },
  { keys: ["+", "-"], does: "Picture larger, smaller (drag moves it)", run: (name) => zoom(name === "+" ? 1.5 : 1 / 1.5) },
  { keys: ["d"], does: "Difference of a correction on and off", run: toWidget },
  { keys: ["Shift+Enter"], does: "Write in the current question's text field", run: write },
];
