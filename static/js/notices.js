// Toasts people see and announcements screen readers speak. A server asks for them with
// HX-Trigger: {"toast": {"message": "…", "kind": "good"}} or {"announce": "Saved"}.
const SECONDS = { good: 5, info: 6, warn: 10 }; // a bad one stays until it is dismissed

const ICONS = { good: "circle-check", bad: "circle-alert", warn: "triangle-alert", info: "info" };

export function announce(message) {
  const announcer = document.getElementById("announcer");
  if (!announcer) return;
  announcer.textContent = "";
  setTimeout(() => (announcer.textContent = message), 50); // the same words twice are spoken twice
}

export function toast(message, { kind = "info", link = null } = {}) {
  const toasts = document.getElementById("toasts");
  if ([...toasts.children].some((other) => other.dataset.message === message)) return;
  const card = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  const use = card.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${ICONS[kind]}`));
  card.dataset.kind = kind;
  card.dataset.message = message;
  card.setAttribute("role", kind === "bad" ? "alert" : "status");
  const text = card.querySelector("p");
  text.textContent = `${message} `;
  if (link) text.append(Object.assign(document.createElement("a"), { href: link.url, textContent: link.label, target: "_blank" }));
  toasts.append(card);
  if (SECONDS[kind]) setTimeout(() => card.remove(), SECONDS[kind] * 1000);
}

document.addEventListener("click", (event) => event.target.closest?.("[data-dismiss]")?.parentElement.remove());
document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail));
document.addEventListener("toast", ({ detail }) => {
  const { message, kind } = typeof detail.value === "string" ? { message: detail.value } : detail;
  toast(message, { kind });
});
