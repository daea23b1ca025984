// A page's keys from one registry: [{ keys, does, run }], which is also the cheat-sheet. `others(name)` says
// whether it takes a key that it does not name, such as the letters a protocol gives its options; it goes first.
// `writing: true` works in text fields too. Bound by the character typed; a digit row that types other
// characters (French) still counts as digits where the character itself means nothing.
import { typing } from "./keys.js";

const NAMES = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "↵", Escape: "Esc", "Shift+Enter": "⇧ ↵", "Ctrl+Enter": "Ctrl ↵" };

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return `Ctrl+${key}`;
  return event.shiftKey && key.length > 1 ? `Shift+${key}` : key;
}

export function bindKeys(registry) {
  const find = (name) => registry.find((entry) => entry.others?.(name)) ?? registry.find((entry) => entry.keys.includes(name));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (document.documentElement.dataset.keys === "off" && !event.ctrlKey && !event.metaKey) return;
    let name = nameOf(event);
    if (!find(name) && /^Digit\d$/.test(event.code) && !event.shiftKey) name = event.code.at(-1);
    const entry = find(name);
    if (!entry || (typing(event.target) && !entry.writing)) return;
    if (event.repeat && !name.includes("Arrow")) return event.preventDefault();
    if (name === "Enter" && event.target.closest("button, a, summary")) return;
    if (entry.run(name, event) !== false) event.preventDefault();
  });
}

export function writeCheatSheet(registry, list) {
  list.replaceChildren(
    ...registry.flatMap(({ keys, does, shown }) => {
      const term = document.createElement("dt");
      term.append(...(shown ?? keys).map((key) => Object.assign(document.createElement("kbd"), { textContent: NAMES[key] ?? key.toUpperCase() })));
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
