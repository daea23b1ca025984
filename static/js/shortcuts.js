// A page's keys from one registry: [{ keys, does, run }], which is also the cheat-sheet. `others(name)` says
// whether it takes a key that it does not name, such as the letters a protocol gives its options; it goes first.
// `writing: true` works in text fields too. Bound by the character typed; a digit row that types other
// characters (French) counts as digits where an option has the digit, or the character itself means nothing. A
// registry speaks of an action's own key; which one a person has given it instead stands in keys.js.
import { commanded, digitOf, ownOf, theirs, typing } from "./keys.js";

const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "↵", Escape: "Esc", "Shift+Enter": "⇧ ↵", "Ctrl+Enter": "Ctrl ↵", "Ctrl+k": "Ctrl K", "Ctrl+z": "Ctrl Z" };
const named = (key) => (NAMES[key] ?? theirs[key] ?? key).toUpperCase();

// What works on every page, whatever registry the page has besides.
export const EVERYWHERE = [
  { keys: ["Ctrl+k"], does: "Go to a page or do something, from anywhere", writing: true, run: openPalette },
];

export function openPalette() {
  if (!document.getElementById("palette")) return false;
  import("./palette.js").then(({ open }) => open());
  return true;
}

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (commanded(event)) return event.altKey ? "" : `Ctrl+${key}`;
  return event.shiftKey && key.length > 1 ? `Shift+${key}` : key;
}

export function bindKeys(registry) {
  const taken = (name) => registry.find((entry) => entry.others?.(name));
  const find = (name) => taken(name) ?? registry.find((entry) => entry.keys.includes(ownOf(name)));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (document.documentElement.dataset.keys === "off" && !event.ctrlKey && !event.metaKey) return;
    let name = nameOf(event);
    const digit = digitOf(event);
    if (digit && !taken(name) && (taken(digit) || !find(name))) name = digit;
    const entry = find(name);
    if (!entry || (typing(event.target) && !entry.writing)) return;
    if (event.repeat && !name.includes("Arrow")) return event.preventDefault();
    if (name === "Enter" && event.target.closest("button, a, summary")) return;
    if (entry.run(taken(name) ? name : ownOf(name), event) !== false) event.preventDefault();
  });
}

export function writeCheatSheet(registry, list) {
  list.replaceChildren(
    ...[...registry, ...EVERYWHERE].flatMap(({ keys, does, shown }) => {
      const term = document.createElement("dt");
      term.append(...(shown ?? keys).map((key) => Object.assign(document.createElement("kbd"), { textContent: named(key) })));
      return [term, Object.assign(document.createElement("dd"), { textContent: does })];
    }),
  );
}

export const press = (selector) => () => {
  const button = document.querySelector(selector);
  if (!button || button.disabled) return false;
  button.click();
  return true;
};

// Buttons and labels that name a key name this person's.
function hint() {
  for (const sign of document.querySelectorAll("main kbd:not(.choice kbd, .cheat-sheet kbd)")) {
    sign.dataset.own ??= sign.textContent.toLowerCase();
    if (sign.dataset.own in theirs) sign.textContent = named(sign.dataset.own);
  }
}

if (Object.keys(theirs).length) {
  hint();
  document.addEventListener("htmx:afterSettle", hint);
}
