// Correction: the text edited in place, with what changed below it, word by word.
import "../../vendor/jsdiff/diff.min.js";

const box = (question) => question.querySelector(".correction-text");
const TAGS = { added: "ins", removed: "del" };

function draw(question, original) {
  const parts = Diff.diffWordsWithSpace(original, box(question).value).map(({ value, added, removed }) => {
    const tag = TAGS[added ? "added" : removed ? "removed" : ""];
    return tag ? Object.assign(document.createElement(tag), { textContent: value }) : value;
  });
  const changed = box(question).value !== original;
  question.querySelector(".correction-diff").replaceChildren(...(changed ? parts : []));
}

const original = (question) => document.querySelector(`.subject [data-field="${CSS.escape(question.dataset.field)}"]`)?.textContent.replaceAll("\r\n", "\n") ?? ""; // as text fields have their lines end

export function attach(question) {
  const text = original(question);
  box(question).addEventListener("input", () => draw(question, text));
  draw(question, text);
}

export const restore = (question) => draw(question, original(question));

// The difference on and off.
export function key(question, name) {
  if (name !== "d") return false;
  const shown = question.querySelector(".correction-diff");
  shown.hidden = !shown.hidden;
  return true;
}
