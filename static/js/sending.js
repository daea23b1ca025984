// An answer that did not arrive stays on the page and is sent again with the same key, so that it counts once.
const WAITS = [1, 2, 4, 8, 15, 30]; // seconds
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
const away = { ok: false, status: 0, headers: new Headers() };

// A small POST beside htmx; never rejects: status 0 is no connection, 401 a lost sign-in.
export async function post(url, body, options = {}) {
  const headers = { "X-CSRFToken": cookie("csrftoken"), "HX-Request": "true" };
  try {
    const response = await fetch(url, { method: "POST", body, headers, redirect: "manual", ...options });
    return response.type === "opaqueredirect" ? { ...away, status: 401 } : response;
  } catch {
    return away;
  }
}

// Holds htmx's answer form together; `say(state)` is "sending", "offline" or "signed-out".
export function holdAnswers(desk, say) {
  let failed = 0;
  let timer = 0;
  const mine = (event) => event.detail.elt?.id === "answer" || event.detail.requestConfig?.elt?.id === "answer";
  const again = () => {
    clearTimeout(timer);
    const form = document.getElementById("answer");
    if (failed && form) form.requestSubmit();
  };
  const hold = (event, state) => {
    if (!mine(event)) return;
    event.stopPropagation(); // the page's own words for it would be a second voice
    say(state);
    clearTimeout(timer);
    timer = setTimeout(again, WAITS[Math.min(failed++, WAITS.length - 1)] * 1000);
  };

  desk.addEventListener("htmx:configRequest", (event) => {
    delete event.detail.parameters.csrfmiddlewaretoken; // the header has the newer one after signing in again
    if (mine(event)) say("sending");
  });
  desk.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (!mine(event)) return;
    if (xhr.responseURL.includes(desk.dataset.login)) {
      event.detail.shouldSwap = false;
      hold(event, "signed-out");
    } else if (xhr.status >= 500 || xhr.status === 403) {
      Object.assign(event.detail, { shouldSwap: false, isError: false });
      hold(event, xhr.status === 403 ? "signed-out" : "offline");
    } else {
      failed = 0;
      clearTimeout(timer);
    }
  });
  for (const kind of ["htmx:sendError", "htmx:timeout"]) desk.addEventListener(kind, (event) => hold(event, "offline"));
  addEventListener("online", again);
  addEventListener("focus", again); // back from signing in
}
