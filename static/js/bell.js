// The bell is counted again once a minute while the page is looked at, when one comes back to it later, and when
// the server says that something was read (HX-Trigger: bell).
import { announce } from "./notices.js";

const EVERY = 60_000;
const bell = () => document.getElementById("bell");
let counted = performance.now();

function count() {
  if (!bell()) return;
  counted = performance.now();
  window.htmx.ajax("GET", bell().dataset.count, { source: bell(), target: "#bell", swap: "outerHTML" });
}

function countWhenDue() {
  if (!document.hidden && performance.now() - counted >= EVERY - 500) count();
}

setInterval(countWhenDue, EVERY);
document.addEventListener("visibilitychange", countWhenDue);
document.addEventListener("bell", count);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== bell()) return;
  const before = Number(bell().dataset.unread);
  const now = Number(/data-unread="(\d+)"/.exec(detail.xhr.responseText)?.[1] ?? before);
  if (now > before) announce(now - before === 1 ? "A new notification." : `${now - before} new notifications.`);
});
