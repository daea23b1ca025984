// Two tabs or two devices: what stands here beside what the server has, and whose is to stand. Nothing is decided by
// closing the dialog: what was entered here is kept until somebody has chosen.
import { cardFrom } from "./ahead.js";
import { differences, fill } from "./fields.js";

const dialog = () => document.getElementById("elsewhere");

// The card as the server has it now; null when it cannot be had.
async function theirsOf(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
  return response?.ok ? cardFrom(await response.text()) : null;
}

const cell = (text, kind = "td") => Object.assign(document.createElement(kind), { textContent: text || "—" });

function rows(found) {
  return found.map(({ title, mine, theirs }) => {
    const row = document.createElement("tr");
    row.append(cell(title, "th"), cell(mine), cell(theirs));
    row.firstElementChild.scope = "row";
    return row;
  });
}

function asked(sentence, found, [mine, theirs]) {
  const box = dialog();
  box.querySelector("[data-sentence]").textContent = sentence;
  box.querySelector("tbody").replaceChildren(...rows(found));
  box.querySelector("[value=mine]").textContent = mine;
  box.querySelector("[value=theirs]").textContent = theirs;
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => box.addEventListener("close", () => resolve(box.returnValue), { once: true }));
}

const DRAFT = ["This task's draft was changed in another tab or on another device. Which one do you want to go on with?", ["Keep mine", "Take theirs"]];
const DONE = ["You finished this task in another tab or on another device, and that stands. What you entered here is kept until you choose.", ["Reopen with mine", "Leave"]];

// { choice, card }: "mine", "theirs" or "" for not yet, and the card as the server has it.
export async function choose(url, fields, { finished }) {
  const card = dialog().open ? null : await theirsOf(url);
  if (!card) return { choice: "", card };
  const here = card.cloneNode(true);
  fill(here.querySelector("#answer"), fields);
  const found = differences(here.querySelector("#answer"), card.querySelector("#answer"));
  if (!found.length) return { choice: "theirs", card }; // the same, said twice
  const [sentence, buttons] = finished ? DONE : DRAFT;
  return { choice: await asked(sentence, found, buttons), card };
}
