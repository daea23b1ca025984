// <button data-copies="ID"> copies the field with that id. Where the browser forbids it (a page that is neither
// https nor on this machine), the field is selected instead, ready for Ctrl+C.
import { announce, toast } from "./notices.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(field.value);
    toast("Copied. Keep it where only the program finds it.", { kind: "good" });
  } catch {
    field.select();
    announce("Selected. Press Ctrl+C, or ⌘C, to copy.");
  }
});
