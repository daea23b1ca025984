// What the widgets share: the hidden input that holds a question's answer as JSON.
const input = (question) => question.querySelector("[data-answer]");

export function given(question) {
  const text = input(question).value;
  return text === "" ? null : JSON.parse(text);
}

// `open` while something is still to be answered: what there is is kept as a draft all the same.
export function give(question, answer, { open = false } = {}) {
  input(question).value = answer === null ? "" : JSON.stringify(answer);
  question.toggleAttribute("data-open", open);
  for (const kind of ["input", "change"]) input(question).dispatchEvent(new Event(kind, { bubbles: true }));
}
