// Comments: where a dialog shows them, they are fetched when it is opened; Ctrl+Enter sends; @ completes a name.
import "./mentions.js";
import { announce } from "./notices.js";

let sent = "";

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("a[data-opens=talk]");
  if (!opener || event.ctrlKey || event.metaKey) return;
  document.getElementById("comments").replaceChildren(document.getElementById("comments-wait").content.cloneNode(true));
  window.htmx.ajax("GET", opener.href, { target: "#comments", swap: "outerHTML" });
}, { capture: true });

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches?.("[data-mentions]")) return;
  event.preventDefault();
  event.stopPropagation();
  event.target.form.requestSubmit();
}, { capture: true });

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "get" && detail.elt.closest?.("#comments")) sent = detail.elt.matches(".comment-form") ? "Comment added." : "Comment withdrawn.";
});

// In a dialog, and after one has written, the field to write in is where one goes on.
document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  const comments = document.getElementById("comments");
  if (target?.id !== "comments" || !comments) return;
  if (sent) announce(sent);
  if (sent || comments.closest("dialog")) comments.querySelector(":scope > .comment-form textarea")?.focus();
  sent = "";
});

if (/^#comment-\d+$/.test(location.hash)) document.querySelector(location.hash)?.focus();
