// Skip, escalate, exclude: one dialog each for all cards; it acts on the card it was opened on, and closes with it.
const dialogs = (desk) => desk.querySelectorAll("dialog[data-verb]");

export function watchVerbs(desk) {
  desk.addEventListener("click", ({ target }) => {
    const opener = target.closest("a[data-opens]");
    const form = opener && desk.querySelector(`#${opener.dataset.opens}[data-verb] form`);
    if (!form) return;
    form.reset();
    form.querySelector("[data-errors]").replaceChildren();
    form.action = opener.href;
  }, { capture: true }); // before it is opened
  desk.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.closest("dialog[data-verb]")) detail.path = detail.elt.action;
  });
}

export const closeVerbs = (desk) => dialogs(desk).forEach((dialog) => dialog.open && dialog.close());
