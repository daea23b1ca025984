// Every change is in this browser's own database at once, and a draft on the server within a second.
import { activeMs } from "./activity.js";
import { prolong } from "./ahead.js";
import { fieldsOf, fill } from "./fields.js";
import { keepFor } from "./lease.js";
import { drop, leftBehind, page, put } from "./outbox.js";
import { formOf, post, unreached, waitMs } from "./sending.js";

const SOON = 500;
const LATEST = 700; // whoever goes on typing is saved meanwhile
let timer = 0;
let since = 0; // when the first change was made that is not on its way
let failed = 0;
let unsaved = false;
let busy = null; // the form whose draft is on its way

// `base` is the server's version this was typed over, `writer` the page that typed it first.
export function envelope(form) {
  const { assignment, version, writer } = form.closest("#card").dataset;
  const fields = fieldsOf(form).filter(([name]) => !["request_key", "active_ms"].includes(name));
  return { assignment, page, person: personOf(), url: form.dataset.draftUrl, fields: [...fields, ["active_ms", String(activeMs())]], base: version, writer: writer ?? page, at: Date.now() };
}

export const personOf = () => document.getElementById("desk").dataset.person;
const send = ({ url, fields, base, writer }, options) => post(url, formOf([...fields, ["based_on", base], ["page", writer]]), options);

export function noteChange(form, hands) {
  if (!unsaved) since = performance.now();
  unsaved = true;
  put("drafts", envelope(form));
  clearTimeout(timer);
  timer = setTimeout(() => save(form, hands), Math.min(SOON, Math.max(0, since + LATEST - performance.now())));
}

export async function save(form, hands, options = {}) {
  clearTimeout(timer);
  if (!unsaved || !form?.isConnected || (busy === form && !options.keepalive)) return;
  unsaved = false;
  busy = form;
  const kept = envelope(form);
  const response = await send(kept, options);
  const meanwhile = busy !== form; // submitted, or another card is shown
  if (!meanwhile) busy = null;
  if (response.ok) {
    form.closest("#card").dataset.version = response.headers.get("X-Draft-Version");
    if (!unsaved || meanwhile) drop("drafts", kept);
  }
  if (meanwhile || !form.isConnected) return;
  settle(form, hands, response);
  since = performance.now();
  if (unsaved) timer = setTimeout(() => save(form, hands), failed ? waitMs(failed - 1) : SOON);
}

function settle(form, hands, response) {
  if (response.ok) {
    failed = 0;
    prolong();
    keepFor(Number(response.headers.get("X-Lease-Seconds")));
    if (!unsaved) hands.say("saved");
  } else if (unreached(response)) {
    unsaved = true;
    failed += 1;
    hands.say(response.status === 401 ? "signed-out" : "offline");
  } else if (response.status === 409) {
    hands.say("elsewhere");
    hands.differ(form, response.headers.get("X-Error-Code"));
  } else hands.say("refused"); // sending it again would not help
}

// The answer itself is kept, or another card comes: the draft has done its work.
export function stopSaving() {
  clearTimeout(timer);
  busy = null;
  unsaved = false;
}

export const forget = (assignment) => drop("drafts", { assignment: String(assignment), page });

// What a tab that is gone typed on this card, and the server never had: filled in, and saved as this tab's own; true then.
export async function restore(card, hands) {
  const kept = (await leftBehind("drafts", personOf())).filter(({ assignment }) => assignment === card.dataset.assignment).at(-1);
  const form = card.querySelector("#answer");
  if (!kept || unsaved || !form.isConnected) return false;
  fill(form, kept.fields);
  Object.assign(card.dataset, { version: kept.base, writer: kept.writer });
  noteChange(form, hands);
  drop("drafts", kept);
  return true;
}

// Drafts of other cards go to the server, to be there when those come round again.
export async function sendOthers(shown) {
  for (const kept of await leftBehind("drafts", personOf())) {
    if (kept.assignment === shown?.dataset.assignment) continue;
    const response = await send(kept);
    if (unreached(response)) return;
    if (response.headers.get("X-Error-Code") !== "changed_elsewhere") drop("drafts", kept);
  }
}
