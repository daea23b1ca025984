// A form that was sent and not taken (signed out meanwhile, refused) is filled in again where it stands next.
// Only in this tab, for the same person, and never passwords; htmx's forms stay on screen and need none of this.
const SLOT = "unsent";
const person = () => document.querySelector(".user-name")?.textContent ?? "";
const read = () => JSON.parse(sessionStorage.getItem(SLOT) ?? "null");
const keep = (kept) => sessionStorage.setItem(SLOT, JSON.stringify(kept));
const alike = (action) => [...document.forms].filter((form) => form.action === action);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.querySelector("[type=password]")) return;
  const pairs = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrfmiddlewaretoken");
  keep({ person: person(), action: form.action, place: alike(form.action).indexOf(form), pairs });
});

// Every page answers how the last form fared: this one says it was not taken, or it is the form's own page, or all is well.
export function lookBack(say) {
  const kept = read();
  if (!kept) return;
  if (document.querySelector("[data-not-sent]")) return keep({ ...kept, refused: true });
  sessionStorage.removeItem(SLOT);
  const form = alike(kept.action)[kept.place];
  if (!kept.refused || kept.person !== person() || !form) return;
  const typed = kept.pairs.filter(([name]) => isTyped(form.elements.namedItem(name)));
  if (!typed.length) return;
  fill(form, typed);
  form.closest("dialog")?.showModal();
  say("What you typed before is back in its form: it was not sent. Look at it, and send it again.");
}

const isTyped = (field) => field && field.type !== "hidden" && field.type !== "submit";

function fill(form, typed) {
  for (const box of form.querySelectorAll("[type=checkbox]")) box.checked = false;
  for (const [name, value] of typed) {
    const field = form.elements.namedItem(name);
    const boxes = (field instanceof RadioNodeList ? [...field] : [field]).filter(({ type }) => ["checkbox", "radio"].includes(type));
    for (const box of boxes) if (box.value === value) box.checked = true;
    if (!boxes.length) field.value = value;
  }
}
