// The page of one's keys: a field holds what was typed last, and two that hold the same say so at once.
const fields = [...document.querySelectorAll("[data-own]")];
const value = (field) => field.value.trim().toLowerCase();

function check() {
  for (const field of fields) {
    const twin = fields.find((other) => other !== field && value(other) && value(other) === value(field));
    field.setCustomValidity(twin ? `“${twin.labels[0].textContent.trim()}” has this key already.` : "");
    field.setAttribute("aria-invalid", String(Boolean(twin)));
  }
}

for (const field of fields) {
  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => field.select());
  field.addEventListener("input", check);
}

document.querySelector("[data-own-keys]").addEventListener("click", () => {
  for (const field of fields) field.value = field.dataset.own;
  check();
});
