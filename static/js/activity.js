// How long a person really worked on a card: a stillness counts for at most 30 seconds, a hidden page for none.
const STILL = 30_000;
let worked = 0; // on this card
let total = 0; // since the page came
let last = null;

function note() {
  const now = performance.now();
  const more = last === null ? 0 : Math.min(now - last, STILL);
  worked += more;
  total += more;
  last = document.hidden ? null : now;
}

for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) addEventListener(kind, note, { passive: true });
document.addEventListener("visibilitychange", note);

export function startCounting(from) {
  worked = from;
  last = document.hidden ? null : performance.now();
}

export function activeMs() {
  note();
  return Math.round(worked);
}

export const workedHere = () => total;
export const activeWithin = (ms) => last !== null && performance.now() - last < ms;
