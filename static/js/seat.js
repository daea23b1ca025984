// Adjudication: the dispute on this page is leased to this lead while the page is open, and given back on leaving.
import { post } from "./sending.js";

const BEAT = 60_000;
const form = () => document.getElementById("settle");

async function take() {
  const shown = form();
  if (!shown) return;
  const response = await post(shown.dataset.take, new FormData());
  if (form() !== shown) return;
  const lost = response.headers.get("X-Error-Code");
  document.getElementById("seat").textContent = response.ok ? "Kept for you while it is open" : "";
  document.getElementById("seat-lost").hidden = lost !== "being_settled";
  if (lost) document.getElementById("desk-says").innerHTML = await response.text();
}

const leave = () => form() && post(form().dataset.leave, new FormData(), { keepalive: true });

document.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.id === "dispute" && take());
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.xhr?.getResponseHeader("X-Error-Code") === "being_settled" && take());
addEventListener("pagehide", leave);
addEventListener("pageshow", ({ persisted }) => persisted && take());
setInterval(take, BEAT);
take();
