// A file dropped on the form is the one to send; while it is sent, the form says how far it is.
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const formAt = (event) => event.target.closest?.("[data-drop]");

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // or the browser would open a file that misses the form, and leave the page
  formAt(event)?.classList.add("is-over");
});
document.addEventListener("dragleave", (event) => {
  const form = formAt(event);
  if (form && !form.contains(event.relatedTarget)) form.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  const form = formAt(event);
  if (!form) return;
  form.classList.remove("is-over");
  form.elements.file.files = event.dataTransfer.files;
  form.elements.file.focus();
});

const size = (bytes) => `${(bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;

document.addEventListener("htmx:xhr:progress", ({ target, detail: { loaded, total, lengthComputable } }) => {
  const box = target.querySelector?.("[data-sent]");
  if (!box || !lengthComputable) return;
  box.hidden = false;
  box.querySelector("progress").value = loaded / total;
  box.querySelector("[data-note]").textContent =
    loaded < total ? `${size(loaded)} of ${size(total)} sent` : "All sent; the server is keeping it";
});
// What was refused comes back as a new form: the file stays chosen in it.
let chosen = null;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.matches?.("[data-drop]")) chosen = target.elements.file.files;
});
document.addEventListener("htmx:afterSettle", () => {
  const form = chosen && document.querySelector("[data-drop]");
  if (form && chosen.length) form.elements.file.files = chosen;
  form?.querySelector("[aria-invalid=true]")?.focus();
  chosen = null;
});
document.addEventListener("htmx:afterRequest", ({ target }) => {
  const box = target.querySelector?.("[data-sent]");
  if (box) box.hidden = true;
});
