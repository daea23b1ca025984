// How long a person really worked on a card: a stillness counts for at most 30 seconds, a hidden page for none.
const STILL = 30_000;
let worked = 0;
let last = null;

function note() {
  const now = performance.now();
  if (last !== null) worked += Math.min(now - last, STILL);
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

export const activeWithin = (ms) => last !== null && performance.now() - last < ms;
