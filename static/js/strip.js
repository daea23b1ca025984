// The last ten decisions: the one just made is put in front, from what the card still shows.
const LENGTH = 10;

export function addDecision(card, { id, state }) {
  const strip = document.getElementById("strip");
  const entry = document.getElementById("decision").content.firstElementChild.cloneNode(true);
  const says = ["submitted", "surplus"].includes(state) ? answerOf(card) : state;
  const form = entry.querySelector("form");
  for (const name of ["action", "hx-post"]) form.setAttribute(name, form.getAttribute(name).replace("/0/", `/${id}/`));
  entry.dataset.state = state;
  entry.querySelector("span").textContent = says;
  const button = entry.querySelector("button");
  button.disabled = state !== "submitted";
  button.setAttribute("aria-label", `${button.disabled ? "Done" : "Reopen"}: ${says}`);
  const image = card.querySelector(".subject-image");
  if (image) Object.assign(entry.querySelector("img"), { src: image.src, hidden: false });
  dropDecision(id);
  strip.prepend(entry);
  htmx.process(entry);
  while (strip.children.length > LENGTH) strip.lastElementChild.remove();
  document.querySelector(".strip-none").hidden = true;
}

function dropDecision(id) {
  document.querySelector(`#strip form[action$="/${id}/reopen/"]`)?.closest("li").remove();
}

function answerOf(card) {
  const condition = card.querySelector("[name=condition]:checked");
  const chosen = card.querySelector(".question input:checked");
  const shown = ["out_of_scope", "unusable"].includes(condition?.value) ? condition : chosen;
  return shown?.closest(".choice").querySelector("span").textContent ?? "";
}
