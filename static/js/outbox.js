// What the server has not confirmed yet, in this browser's own database: it outlives a crash, a closed tab, a restart.
// Drafts by assignment and page, answers in the order in which they were given. Everything is somebody's own.
import { toast } from "./notices.js";

const STORES = { drafts: { keyPath: ["assignment", "page"] }, answers: { keyPath: "order", autoIncrement: true } };
const KEYS = { drafts: ({ assignment, page }) => [assignment, page], answers: ({ order }) => order };
const WEEK = 7 * 24 * 3600 * 1000;

const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("whetstone-desk", 1);
  asked.onupgradeneeded = () => Object.entries(STORES).forEach(([name, how]) => asked.result.createObjectStore(name, how));
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

// Resolves when it is written, with what `act` found; undefined where this browser keeps nothing.
async function within(store, mode, act) {
  try {
    const database = await opened;
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const asked = act(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(Array.isArray(asked) ? asked.map(({ result }) => result) : asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } catch {
    toast("This browser cannot keep what you enter. Do not close this page before it says Saved.", { kind: "warn" });
  }
}

export const put = (store, entry) => within(store, "readwrite", (rows) => rows.put(entry));
export const drop = (store, entry) => within(store, "readwrite", (rows) => rows.delete(KEYS[store](entry)));
export const putAll = (store, entries) => within(store, "readwrite", (rows) => entries.map((entry) => rows.put(entry)));
export const dropAll = (store, entries) => within(store, "readwrite", (rows) => entries.map((entry) => rows.delete(KEYS[store](entry))));

// This tab's name. While it lives it holds the lock of that name, so that no other tab sends what is its own.
export const page = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
navigator.locks?.request(`desk:${page}`, () => new Promise(() => {}));

async function living() {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(held.map(({ name }) => name));
}

// What this person left behind in tabs that are gone, oldest first; what is older than a week is let go.
export async function leftBehind(store, person) {
  const [rows, tabs] = await Promise.all([within(store, "readonly", (all) => all.getAll()), living()]);
  const theirs = (rows ?? []).filter((row) => row.person === person && row.page !== page && !tabs.has(`desk:${row.page}`));
  const fresh = theirs.filter(({ at }) => Date.now() - at < WEEK);
  for (const old of theirs) if (!fresh.includes(old)) drop(store, old);
  return fresh;
}
