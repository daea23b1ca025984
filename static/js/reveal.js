// Blind-first: the server keeps the answer as it is, then says what the model says, painted where its room was kept.
// Until that has come nothing can be answered here: what is changed afterwards was changed with the model's word in sight.
import { cardFrom } from "./ahead.js";
import { envelope, forget, noteChange, stopSaving } from "./drafts.js";
import { differences } from "./fields.js";
import { keepFor } from "./lease.js";
import { announce } from "./notices.js";
import { complete, current, go } from "./questions.js";
import { formOf, post, unreached } from "./sending.js";
import { card, form, hands } from "./turns.js";

const PATIENCE = 6_000;
const AWAY = "What the model says is on the server, which cannot be reached just now. Your answer is kept here: reveal it when you are back online, or submit as it is.";
const SIGNED_OUT = "You have been signed out. Your answer is kept here: sign in and reveal again.";
let asking = false;

document.addEventListener("keydown", (event) => asking && !document.querySelector("dialog[open]") && event.stopImmediatePropagation(), { capture: true });

export async function reveal() {
  const shown = card();
  const button = shown?.querySelector("[data-reveals]");
  if (!button || asking || shown.inert || !complete()) return;
  const { url: _, fields, base, writer } = envelope(form());
  stopSaving();
  hold(shown, true);
  const body = formOf([...fields, ["based_on", base], ["page", writer]]);
  const response = await post(button.dataset.reveals, body, { signal: AbortSignal.timeout(PATIENCE) });
  const text = await response.text?.().catch(() => "");
  hold(shown, false);
  if (!shown.isConnected) return;
  if (response.ok) paint(shown, cardFrom(text));
  else refuse(response, text);
}

function hold(shown, held) {
  asking = held;
  shown.querySelector("#answer").inert = held;
  shown.querySelector("#said").ariaBusy = String(held);
  if (!held && shown.isConnected) go(current(), { scroll: false });
}

function paint(shown, theirs) {
  const said = theirs.querySelector("#said");
  shown.querySelector("#said").replaceWith(said);
  shown.querySelector(".desk-why").replaceWith(theirs.querySelector(".desk-why"));
  Object.assign(shown.dataset, { version: theirs.dataset.version, saved: "" });
  keepFor(Number(theirs.dataset.left));
  // what is here may be newer than the answer that was revealed, here or in another tab: it is the draft then
  if (differences(form(), theirs.querySelector("#answer")).length) noteChange(form(), hands);
  else {
    forget(shown.dataset.assignment);
    hands.say("saved");
  }
  said.scrollIntoView({ block: "nearest" });
  announce(`${said.querySelector("[data-words]").textContent} ${said.lastElementChild.textContent} Keep your answer, or change it.`);
}

function refuse(response, text) {
  if (response.status === 409 && !unreached(response)) {
    hands.say("elsewhere");
    return hands.differ(form(), response.headers.get("X-Error-Code"));
  }
  noteChange(form(), hands);
  const says = document.getElementById("desk-says");
  if (unreached(response)) says.replaceChildren(response.status === 401 ? SIGNED_OUT : AWAY);
  else says.innerHTML = text;
}
