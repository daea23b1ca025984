// Every answer is a draft on the server within a second, and in this browser until the server has it.
import { activeMs } from "./activity.js";
import { keepFor } from "./lease.js";
import { post } from "./sending.js";

const SOON = 500;
const AGAIN = 5_000;
const WEEK = 7 * 24 * 3600 * 1000;
const slot = (card) => `draft:${card.dataset.assignment}`;
let timer = 0;
let sending = null;
let unsaved = false;

function contents(form) {
  const data = new FormData(form);
  for (const name of ["csrfmiddlewaretoken", "request_key"]) data.delete(name);
  data.set("active_ms", activeMs());
  return data;
}

export function noteChange(form, say) {
  unsaved = true;
  const kept = JSON.stringify({ at: Date.now(), pairs: [...contents(form)] });
  localStorage.setItem(slot(form.closest("#card")), kept);
  clearTimeout(timer);
  timer = setTimeout(() => save(form, say), SOON);
}

export async function save(form, say, options = {}) {
  clearTimeout(timer);
  if (!unsaved || !form?.isConnected) return;
  unsaved = false;
  sending?.abort();
  const mine = (sending = new AbortController());
  const response = await post(form.dataset.draftUrl, contents(form), { signal: mine.signal, ...options });
  if (mine.signal.aborted || !form.isConnected) return;
  if (response.ok) {
    keepFor(Number(response.headers.get("X-Lease-Seconds")));
    if (unsaved) return;
    localStorage.removeItem(slot(form.closest("#card")));
    return say("saved");
  }
  if (response.status === 409) return say("elsewhere");
  if (response.status === 413 || response.status === 422) return say("refused"); // sending it again would not help
  unsaved = true;
  say([401, 403].includes(response.status) ? "signed-out" : "offline");
  timer = setTimeout(() => save(form, say), AGAIN);
}

// The answer itself is on its way, or has arrived: the draft has done its work.
export function stopSaving() {
  clearTimeout(timer);
  sending?.abort();
  unsaved = false;
}

export const forget = (card) => localStorage.removeItem(slot(card));

// What this browser still holds never reached the server, so it is the newer one.
export function restore(card, say) {
  const kept = JSON.parse(localStorage.getItem(slot(card)) ?? "null");
  const form = card.querySelector("#answer");
  if (!kept) return;
  for (const [name, value] of kept.pairs) {
    const fields = form.elements.namedItem(name);
    if (fields && !["revealed", "active_ms"].includes(name)) fields.value = value; // a RadioNodeList checks its match
  }
  noteChange(form, say);
}

export function clearOld() {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith("draft:") && Date.now() - JSON.parse(localStorage.getItem(name)).at > WEEK) localStorage.removeItem(name);
  }
}
