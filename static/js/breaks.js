// A break is offered after a set time of work, once in each such time. It says so and asks for nothing.
import { workedHere } from "./activity.js";
import { announce } from "./notices.js";

const LOOK = 5_000;
const PAUSE = 5 * 60_000; // who was away for so long has begun anew
const SLOT = "sitting";
const notice = document.getElementById("break");
let counted = 0;

const read = () => JSON.parse(sessionStorage.getItem(SLOT) ?? "null") ?? { ms: 0, at: Date.now(), offered: 0 };

function count() {
  const more = workedHere() - counted;
  counted += more;
  let sitting = read();
  if (Date.now() - sitting.at > PAUSE) {
    sitting = { ms: 0, at: Date.now(), offered: 0 };
    dismissBreak();
  }
  if (more > 0) Object.assign(sitting, { ms: sitting.ms + more, at: Date.now() });
  return sitting;
}

function offer({ ms }) {
  const words = `You have worked ${Math.round(ms / 60_000)} min this sitting. A few minutes away keep your judgement sharp; what you entered is kept.`;
  notice.querySelector("p").textContent = words;
  notice.hidden = false;
  announce(words);
}

export function dismissBreak() {
  const shown = !notice.hidden;
  notice.hidden = true;
  return shown;
}

// `keep` sends what was entered to the server, so that going away loses nothing.
export function watchBreaks(minutes, keep) {
  if (!minutes) return;
  notice.addEventListener("click", ({ target }) => target.closest("button") && dismissBreak());
  setInterval(() => {
    const sitting = count();
    if (sitting.ms - sitting.offered >= minutes * 60_000) {
      sitting.offered = sitting.ms;
      keep();
      offer(sitting);
    }
    sessionStorage.setItem(SLOT, JSON.stringify(sitting));
  }, LOOK);
}
