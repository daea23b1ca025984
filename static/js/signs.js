// What the head of the desk says of the work: saved, on its way, kept here while there is no connection.
import { waiting } from "./sending.js";

const STATES = { saved: "Saved", offline: "Offline, kept here", "signed-out": "Signed out, kept here", elsewhere: "Changed elsewhere", refused: "Not saved" };
const REFUSED = "The server does not take this as a draft: it is too long, or holds a character that is none. It is kept here.";

export function say(state, n = waiting()) {
  const sign = document.getElementById("save-state");
  sign.dataset.state = state;
  if (state !== "sending") sign.textContent = STATES[state] ?? "";
  if (state === "refused") document.getElementById("desk-says")?.replaceChildren(REFUSED);
  if (state !== "sending") tellOffline(state === "offline", n);
}

function tellOffline(shown, n) {
  const banner = document.getElementById("offline");
  const answers = n === 1 ? "1 answer waits and is sent" : `${n} answers wait and are sent`;
  banner.textContent = shown ? `Offline, kept here: ${n ? answers : "what you enter is sent"} when the server can be reached.` : "";
  banner.hidden = !shown;
}
