// @name in a comment: the members whom one may mention, narrowed while one types; arrows choose, Enter or Tab takes.
const BEFORE = /(^|[^\w@.])@([\w.+-]*)$/;
const listOf = (field) => field.parentElement.querySelector(".mentions");
const optionsOf = (field) => [...listOf(field).children];
const isOpen = (field) => field.matches?.("[data-mentions]") && !listOf(field).hidden;

function typed(field) {
  return BEFORE.exec(field.value.slice(0, field.selectionStart))?.[2] ?? null;
}

function open(field) {
  const begun = typed(field)?.toLowerCase();
  const people = document.querySelector(".comments-people").content.children;
  const fits = begun === undefined ? [] : [...people].filter((one) => one.textContent.toLowerCase().replace("@", " ").includes(` ${begun}`) || one.dataset.name.toLowerCase().startsWith(begun));
  if (!fits.length) return close(field);
  listOf(field).replaceChildren(...fits.map((one, place) => Object.assign(one.cloneNode(true), { id: `${listOf(field).id}-${place}` })));
  listOf(field).hidden = false;
  for (const [name, value] of [["role", "combobox"], ["aria-controls", listOf(field).id], ["aria-expanded", "true"], ["aria-autocomplete", "list"]]) field.setAttribute(name, value);
  mark(field, 0);
}

function close(field) {
  listOf(field).hidden = true;
  for (const name of ["role", "aria-controls", "aria-expanded", "aria-autocomplete", "aria-activedescendant"]) field.removeAttribute(name);
}

function mark(field, place) {
  const options = optionsOf(field);
  const chosen = options[(place + options.length) % options.length];
  for (const option of options) option.setAttribute("aria-selected", String(option === chosen));
  field.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
}

const marked = (field) => optionsOf(field).findIndex((option) => option.getAttribute("aria-selected") === "true");

function take(field, option) {
  const from = field.selectionStart - typed(field).length;
  field.setRangeText(`${option.dataset.name} `, from, field.selectionStart, "end");
  close(field);
  field.focus();
}

const KEYS = {
  ArrowDown: (field) => mark(field, marked(field) + 1),
  ArrowUp: (field) => mark(field, marked(field) - 1),
  Enter: (field) => take(field, optionsOf(field)[marked(field)]),
  Tab: (field) => take(field, optionsOf(field)[marked(field)]),
  Escape: close,
};

document.addEventListener("input", ({ target }) => target.matches?.("[data-mentions]") && open(target));
document.addEventListener("keydown", (event) => {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.isComposing || !isOpen(event.target)) return;
  event.preventDefault(); // Escape would close the dialog, too
  event.stopPropagation();
  act(event.target);
}, { capture: true });
document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest?.(".mentions > li");
  if (!option) return;
  event.preventDefault(); // the field keeps the focus
  take(option.closest(".field").querySelector("[data-mentions]"), option);
});
document.addEventListener("focusout", ({ target }) => isOpen(target) && close(target));
