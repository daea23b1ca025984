// The session ended: the same person signs in over the page, which keeps everything beneath.
const REST = 60_000; // after "Later" it does not ask again at once
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
const WRONG = "That is not this account's password. Try again.";

export function watchSignIn(dialog) {
  const form = dialog.querySelector("form");
  const says = dialog.querySelector("[data-errors]");
  let closed = -REST;
  dialog.addEventListener("close", () => (closed = performance.now()));
  document.addEventListener("signed-out", (event) => {
    event.preventDefault(); // the page's own words for it would be a second voice
    if (dialog.open || performance.now() - closed < REST) return;
    says.textContent = "";
    dialog.showModal();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    says.textContent = "";
    form.querySelector("[type=submit]").disabled = true;
    const trouble = await signIn(form).catch(() => "The server does not answer. What you entered is kept here; try again in a moment.");
    form.querySelector("[type=submit]").disabled = false;
    form.elements.password.value = "";
    if (trouble) return void (says.textContent = trouble);
    dialog.close();
    closed = -REST;
    document.dispatchEvent(new CustomEvent("signed-in"));
  });
}

// What stood in the way, in a sentence; empty when the person is signed in.
async function signIn(form) {
  const asked = await fetch(form.action, { redirect: "manual" });
  if (asked.type === "opaqueredirect") return ""; // in another tab meanwhile
  const body = new FormData(form);
  body.append("csrfmiddlewaretoken", parsed(await asked.text()).querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
  const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  if (response.status === 429) return "Too many attempts. Wait a moment, then try again.";
  if (response.status === 400) return WRONG;
  const { location: leadsTo } = await response.json();
  const known = await fetch(location.href, { redirect: "manual", headers: { "HX-Request": "true" } });
  return known.ok || !leadsTo ? "" : "This account needs another step: sign in in a new tab, then come back.";
}
