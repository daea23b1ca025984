// Single keys: any button, link or field with data-key="s" is pressed by that character.
// Bound by what is typed (event.key), so they follow the keyboard's layout; inert while typing
// and behind an open dialog; <html data-keys="off"> switches them all off (WCAG 2.1.4).
const TYPING = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable=true]";

// A person may have given actions other keys: <html data-keymap='{"s": "k"}'> puts on k what has the key s of its own.
export const theirs = JSON.parse(document.documentElement.dataset.keymap ?? "{}");
const own = Object.fromEntries(Object.entries(theirs).map(([ours, key]) => [key, ours]));
export const ownOf = (key) => own[key] ?? (key in theirs ? null : key); // none: its action was taken from it

// AltGr, or Option on a Mac, is how many layouts type signs such as [ and /: that is typing, while a letter with Alt is a command.
export function commanded(event) {
  const reached = event.getModifierState("AltGraph") || (event.altKey && !event.ctrlKey && !event.metaKey);
  return !(reached && /^[^\p{L}\p{N}\s]$/u.test(event.key)) && (event.ctrlKey || event.metaKey || event.altKey);
}

// The digit of a digit row that types other characters, as the French one does without Shift.
export function digitOf(event) {
  const plain = !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey && !event.getModifierState("AltGraph");
  return plain && /^Digit\d$/.test(event.code) ? event.code.at(-1) : null;
}

export const typing = (target) => Boolean(target.closest?.(TYPING));

function keyTarget(event) {
  if (typing(event.target) || event.isComposing || commanded(event)) return null;
  if (document.documentElement.dataset.keys === "off") return null;
  const within = document.querySelector("dialog[open]") ?? document;
  const pressedBy = (key) => [...within.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && !element.disabled && element.getClientRects().length > 0,
  );
  return pressedBy(ownOf(event.key.length === 1 ? event.key.toLowerCase() : event.key)) ?? pressedBy(digitOf(event));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat) return;
  const target = keyTarget(event);
  if (!target) return;
  event.preventDefault();
  if (target.matches("textarea, select, input")) target.focus(); // Tab goes on from what was chosen
  if (!target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) target.click();
});
