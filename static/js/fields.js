// What stands in a card's form, as pairs of name and value: taken out, filled in again, compared in people's words.
const BESIDES = ["csrfmiddlewaretoken", "request_key", "active_ms", "revealed"];
const OPTIONS = ["radio", "checkbox"];
const sent = (form) => [...form.elements].filter(({ name, type }) => name && !["submit", "button", "fieldset"].includes(type));
const named = (form) => sent(form).filter(({ name }) => !BESIDES.includes(name));

// As FormData has them, which would have the whole page styled first, at every key.
export const fieldsOf = (form) =>
  sent(form)
    .filter(({ name, type, checked }) => name !== "csrfmiddlewaretoken" && (!OPTIONS.includes(type) || checked))
    .map(({ name, value }) => [name, value]);

// What was answered, without what only travels with it.
export const answersOf = (form) => fieldsOf(form).filter(([name]) => !BESIDES.includes(name));

// A name may stand several times: options by their value, texts in their order.
export function fill(form, fields) {
  const given = Map.groupBy(fields, ([name]) => name);
  for (const field of named(form)) {
    const values = (given.get(field.name) ?? []).map(([, value]) => value);
    if (OPTIONS.includes(field.type)) field.checked = values.includes(field.value);
    else {
      field.value = values[0] ?? "";
      if (values.length > 1) given.get(field.name).shift();
    }
  }
  for (const question of form.querySelectorAll(".question")) question.dispatchEvent(new CustomEvent("question:restore", { bubbles: true }));
}

function words(form, name) {
  const fields = named(form).filter((field) => field.name === name);
  const shown = fields.filter(({ type, checked }) => !OPTIONS.includes(type) || checked);
  return shown.map((field) => (OPTIONS.includes(field.type) ? (field.closest("label")?.querySelector("span")?.textContent ?? field.value) : field.value)).join(", ");
}

const labelOf = (field) => field.closest(".question")?.querySelector("legend") ?? field.form.querySelector(`label[for="${CSS.escape(field.id)}"]`);
const titleOf = (field) => labelOf(field)?.firstChild.textContent.trim() ?? field.name;

// Where two forms of one card differ: [{ title, mine, theirs }], in the order of the form.
export function differences(mine, theirs) {
  const firsts = new Map(named(mine).reverse().map((field) => [field.name, field]));
  return [...firsts].reverse().map(([name, field]) => ({ title: titleOf(field), mine: words(mine, name), theirs: words(theirs, name) })).filter((row) => row.mine !== row.theirs);
}
