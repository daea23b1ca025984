// The bell is counted again once a minute while the page is looked at, and when one comes back to it later.
import { announce } from "./notices.js";

const EVERY = 60_000;
let looked = performance.now();

function look() {
  const bell = document.getElementById("bell");
  if (!bell || document.hidden || performance.now() - looked < EVERY - 500) return;
  looked = performance.now();
  bell.dispatchEvent(new Event("look"));
}

setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "bell") return;
  const before = Number(detail.target.dataset.unread);
  const now = Number(/data-unread="(\d+)"/.exec(detail.xhr.responseText)?.[1] ?? before);
  if (now > before) announce(now - before === 1 ? "A new notification." : `${now - before} new notifications.`);
});
