// The command palette: a fuzzy finder over pages, projects and actions (a combobox with its listbox). What it finds
// is asked of the server once a page; what one chose lately in this tab stands first.
import uFuzzy from "../vendor/ufuzzy/uFuzzy.mjs";

const LATELY = "palette"; // in sessionStorage: the addresses chosen, newest first
const SHOWN = 12;
const finder = new uFuzzy({ intraIns: Infinity, compare: () => 0 }); // equally good ones stay in our order
const dialog = document.getElementById("palette");
const sought = dialog.querySelector("input");
const list = dialog.querySelector("[role=listbox]");
const says = dialog.querySelector("[role=status]");
let items = null;

const key = ({ url, label }) => `${url} ${label}`;
const options = () => [...list.children];
const selected = () => list.querySelector("[aria-selected=true]");

function lately() {
  try {
    return JSON.parse(sessionStorage.getItem(LATELY)) ?? [];
  } catch {
    return []; // storage switched off, or somebody else's words in it
  }
}

function note(item) {
  try {
    sessionStorage.setItem(LATELY, JSON.stringify([key(item), ...lately().filter((other) => other !== key(item))].slice(0, 8)));
  } catch {
    // storage switched off: nothing is remembered
  }
}

// Before anything is typed: what was chosen lately, then this project, then the rest in the menus' order.
function ordered() {
  const chosen = lately();
  const here = location.pathname.match(/^\/p\/[^/]+\//)?.[0];
  const rank = (item) => (chosen.includes(key(item)) ? chosen.indexOf(key(item)) - 100 : here && item.url.startsWith(here) ? 0 : 1);
  return items.map((item) => [rank(item), item]).sort(([a], [b]) => a - b).map(([, item]) => item);
}

function find(words) {
  const all = ordered();
  if (!words.trim()) return all;
  const [indices, info, order] = finder.search(all.map(({ label, where }) => `${label} ${where}`), words, 1);
  if (!indices) return [];
  return order ? order.map((place) => all[info.idx[place]]) : indices.map((place) => all[place]);
}

function show() {
  const found = find(sought.value).slice(0, SHOWN);
  list.replaceChildren(...found.map(option));
  list.hidden = found.length === 0;
  sought.setAttribute("aria-expanded", String(found.length > 0));
  says.textContent = found.length ? "" : "Nothing is called that.";
  select(options()[0]);
}

function option(item, place) {
  const row = dialog.querySelector("template").content.firstElementChild.cloneNode(true);
  const use = row.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${item.icon}`));
  row.id = `palette-${place}`;
  row.querySelector(".palette-label").textContent = item.label;
  row.querySelector(".palette-where").textContent = item.where;
  row.addEventListener("click", () => choose(item));
  row.item = item;
  return row;
}

function select(row) {
  selected()?.setAttribute("aria-selected", "false");
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
  if (row) sought.setAttribute("aria-activedescendant", row.id);
  else sought.removeAttribute("aria-activedescendant");
}

function choose(item) {
  note(item);
  dialog.close();
  location.assign(item.url);
}

const STEPS = { ArrowDown: (at, n) => (at + 1) % n, ArrowUp: (at, n) => (at - 1 + n) % n, PageDown: (at, n) => n - 1, PageUp: () => 0 };

sought.addEventListener("input", () => items && show());
sought.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const rows = options();
  if (STEPS[event.key] && rows.length) select(rows[STEPS[event.key](rows.indexOf(selected()), rows.length)]);
  else if (event.key === "Enter" && selected()) choose(selected().item);
  else return;
  event.preventDefault();
});

export async function open() {
  if (dialog.open) return;
  sought.value = "";
  list.replaceChildren();
  says.textContent = "Looking …";
  dialog.showModal();
  sought.focus();
  try {
    const answer = items ?? (await fetch(dialog.dataset.items, { headers: { Accept: "application/json" } }));
    if (!items && answer.redirected) throw new Error("signed out");
    items ??= (await answer.json()).items;
    show();
  } catch {
    says.textContent = "What there is could not be asked for. Reload the page, and sign in if you are asked to.";
  }
}
