// htmx's edges: the CSRF header, where errors go, what has the focus after a swap.
// An error must never cost a person the form they filled in.
import { toast } from "./notices.js";

const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
const slotFor = (element) =>
  element?.closest("form, section, article, dialog")?.querySelector("[data-errors]") ?? document.getElementById("page-errors");

document.addEventListener("htmx:configRequest", ({ detail }) => {
  const token = cookie("csrftoken") ?? ""; // read late: signing in again, in another tab, renews it
  detail.headers["X-CSRFToken"] = token;
  if (detail.formData.has("csrfmiddlewaretoken")) detail.formData.set("csrfmiddlewaretoken", token);
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  slotFor(detail.elt)?.replaceChildren();
  if (detail.requestConfig.verb !== "get") document.getElementById("busy").dataset.busy = "";
});
document.addEventListener("htmx:afterRequest", () => delete document.getElementById("busy").dataset.busy);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, requestConfig } = detail;
  if (xhr.getResponseHeader("X-Error-Code")) {
    // the product's own sentence goes beside the form, never over it
    Object.assign(detail, { shouldSwap: true, isError: false, target: slotFor(requestConfig.elt), swapOverride: "innerHTML", selectOverride: "unset" });
  } else if (!requestConfig.boosted && /^\s*<!doctype html/i.test(xhr.responseText)) {
    detail.shouldSwap = false; // a whole page answered a request for a part: sign-in, mostly
    if (xhr.responseURL.includes("/accounts/login/")) askToSignIn();
    else if (xhr.status < 400) location.assign(xhr.responseURL);
  }
});

// A page that has its own way to sign in again says so by `preventDefault`.
function askToSignIn() {
  if (!document.dispatchEvent(new CustomEvent("signed-out", { cancelable: true }))) return;
  const url = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  const link = { url, label: "Sign in in a new tab" };
  toast("You have been signed out. What you typed is still here; sign in, come back and send it again.", { kind: "bad", link });
}

const WORDS = {
  403: "You are not allowed to do that, or your session has ended. Nothing was changed; reload the page to go on.",
  404: "That is not here any more. Reload the page to see what is.",
  413: "That is too large to send. Nothing was changed.",
  429: "Too many requests at once. Wait a moment and try again.",
};
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) =>
  toast(WORDS[xhr.status] ?? `The server could not do that (error ${xhr.status}). What you typed is still here; try again.`, { kind: "bad" }));
document.addEventListener("htmx:sendError", () =>
  toast("The server cannot be reached. What you typed is still here; try again when you are back online.", { kind: "bad" }));
document.addEventListener("htmx:timeout", () =>
  toast("The server took too long. It may still finish; reload to see before you try again.", { kind: "warn" }));

document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  const wanted = elt.matches?.("[data-focus]") ? elt : elt.querySelector?.("[data-focus]");
  wanted?.focus();
});
