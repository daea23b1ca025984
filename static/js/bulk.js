// In bulk: select what is alike, one key labels it all, and all is sent in one request.
import { startCounting } from "./activity.js";
import "./bulk/box.js";
import { add, current, focus, meant, onSelection, remove, select, selected, tiles } from "./bulk/grid.js";
import { addressOf, answerOf, canUndo, change, done, forget, forgetPast, isDone, person, redo, shareTime, undo, wordsFor } from "./bulk/labels.js";
import { open } from "./bulk/large.js";
import { carry, give, takeUp, waiting } from "./bulk/sending.js";
import { formWith, giveBack, idsOf, none, onTiles, take, wanted, wordsOf } from "./bulk/taking.js";
import { announce, toast } from "./notices.js";
import { leftBehind, put } from "./outbox.js";
import { post } from "./sending.js";
import { bindKeys, press, writeCheatSheet } from "./shortcuts.js";
import { watchSignIn } from "./signin-again.js";
import { say } from "./signs.js";

const root = document.getElementById("bulk");
const here = (name) => document.getElementById(name);
const isOut = () => tiles().length > 0;
let aim = []; // what a dialog is about
let refill = false;

function paint() {
  const [all, chosen, labelled] = [tiles().length, selected().length, done().length];
  here("bar").hidden = !all;
  here("none").hidden = all > 0;
  here("grid").hidden = !all;
  here("counts").textContent = `${chosen} selected · ${labelled} of ${all} labelled`;
  here("send").disabled = !labelled;
  here("send").querySelector("span").textContent = labelled || "";
  here("undo").disabled = !canUndo();
}

const offered = (key) => here("bar").querySelector(`[data-choice="${CSS.escape(key)}"]`);

// All that is selected; without a selection the tile in focus, and on to the next.
function sayOf(what) {
  const some = meant();
  if (!some.length) return void toast("Select tasks first: press or tap them.");
  const one = !selected().length;
  change(some, what);
  select([]);
  const all = tiles();
  focus(one ? (all[all.indexOf(some[0]) + 1] ?? some[0]) : current());
  if (!one) announce(`${some.length} labelled.`);
}

function openFor(name) {
  aim = meant();
  if (!aim.length && name !== "select") return void toast("Select tasks first: press or tap them.");
  if (name === "select") countSaid();
  here(name).showModal();
}

function countSaid() {
  const open = tiles().filter((tile) => !isDone(tile));
  const said = Map.groupBy(open, ({ dataset }) => dataset.said);
  here("by-said").hidden = !tiles().some(({ dataset }) => dataset.said !== undefined);
  for (const button of here("by-said").querySelectorAll("[data-said]")) {
    const n = said.get(button.dataset.said)?.length ?? 0;
    button.querySelector(".num").textContent = n;
    button.disabled = !n;
  }
}

function openSend() {
  const some = done();
  if (!some.length) return void toast("Nothing is labelled yet. Select tasks, then press a label.");
  const counts = [...Map.groupBy(some, wordsFor)].sort((one, other) => other[1].length - one[1].length);
  const parts = counts.map(([words, of]) => `${of.length} × ${words}`).join(", ");
  const rest = tiles().length - some.length;
  here("sending-title").textContent = some.length === 1 ? "Send 1 answer" : `Send ${some.length} answers`;
  here("sending-says").textContent = `${parts}.${rest ? ` ${rest} without a label ${rest === 1 ? "stays" : "stay"} here.` : ""}`;
  here("sending").showModal();
}

// Kept first, then painted, then the network has its turn.
function send(confidence) {
  const some = done();
  shareTime(some);
  const kept = give(some.map((tile) => answerOf(tile, confidence)), some);
  forgetPast(some);
  remove(some);
  refill = true;
  paint();
  if (!isOut()) none("Sent", "The next tasks come at once.");
  kept.then(() => forget(some));
}

async function told(ended) {
  const fine = ended.filter(({ code }) => !code);
  const refused = ended.filter(({ code }) => ["bad_input", "refused"].includes(code));
  const lost = ended.filter((one) => one.code && !refused.includes(one));
  const surplus = fine.filter(({ state }) => state === "surplus").length;
  count(fine.length);
  bringBack(refused);
  if (surplus) toast(`${surplus} of ${fine.length} kept, but not counted: their tasks had all their answers before yours came.`, { kind: "warn" });
  else if (fine.length) announce(`${fine.length} counted.`);
  if (lost.length) toast(`${lost.length} ${lost.length === 1 ? "was" : "were"} not taken: ${[...new Set(lost.map(({ says }) => says))].join(" ")}`, { kind: "warn" });
}

function count(n) {
  if (!n) return;
  here("sitting").hidden = false;
  here("sitting").firstElementChild.textContent = Number(here("sitting").firstElementChild.textContent) + n;
}

// The server does not take them as they are: they are drafts again, and say why.
function bringBack(refused) {
  if (!refused.length) return;
  refill = false;
  for (const { row, tile, says } of refused) {
    if (!tile) {
      put("drafts", { ...row, url: addressOf(row.assignment, "draft/"), base: "", writer: row.page });
      continue;
    }
    add([tile]);
    tile.dataset.trouble = says;
    change([tile], {}); // a draft again
  }
  toast(`${refused.length} not taken: ${refused[0].says}`, { kind: "bad" });
  paint();
}

function through() {
  say("saved");
  if (refill && tiles().length < wanted()) take();
  refill = false;
}

async function skip(reason) {
  const response = await post(addressOf("bulk", "skip/"), formWith("assignment", idsOf(aim), { reason }));
  if (!response.ok) return toast(response.status ? await wordsOf(response) : "The server cannot be reached. Nothing was skipped.", { kind: "warn" });
  const { rows } = await response.json();
  const gone = aim.filter((_, place) => !rows[place].code || rows[place].code === "illegal_move");
  forget(gone);
  forgetPast(gone);
  remove(gone);
  paint();
  announce(`${gone.length} skipped. They stay open for others.`);
  if (!isOut()) take();
}

const SELECT = { all: tiles, none: () => [], open: () => tiles().filter((tile) => !isDone(tile)) };
const ACTS = {
  confidence: send,
  condition: (condition) => {
    change(aim, { condition });
    select([]);
  },
  skip,
  select: (which) => select(SELECT[which]()),
  said: (label) => select(tiles().filter((tile) => !isDone(tile) && tile.dataset.said === label)),
};

for (const dialog of document.querySelectorAll("#sending, #condition, #skip, #select")) {
  dialog.addEventListener("click", ({ target }) => {
    const button = target.closest("button.choice, [data-select]");
    if (!button) return;
    dialog.close();
    for (const [name, act] of Object.entries(ACTS)) if (name in button.dataset) act(button.dataset[name]);
    paint();
    focus(current());
  });
}

here("bar").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  if (button.dataset.verb) return openFor(button.dataset.verb);
  if (button.dataset.value !== undefined) sayOf({ label: button.dataset.value });
});
here("grid").addEventListener("click", ({ target }) => target.closest(".tile-open") && open(target.closest(".tile")));
here("grid").addEventListener("dblclick", ({ target }) => target.closest(".tile") && open(target.closest(".tile")));
here("undo").addEventListener("click", () => turn(undo));
here("give-back").addEventListener("click", giveBack);
here("send").addEventListener("click", openSend);
here("take").addEventListener("click", take);
document.addEventListener("bulk:changed", paint);
here("find")?.addEventListener("input", ({ target }) => narrow(target.value));
here("find")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  narrow(event.target.value)?.click();
  event.target.value = "";
  narrow("");
});

function narrow(text) {
  const labels = [...here("bar").querySelectorAll(".bulk-label")];
  for (const label of labels) label.hidden = !label.title.toLowerCase().includes(text.trim().toLowerCase());
  return text.trim() ? labels.find((label) => !label.hidden) : null;
}

function turn(by) {
  const some = by();
  select(some);
  focus(some[0] ?? current());
}

const GRID = [
  { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], does: "From tile to tile; with ⇧ they are selected on the way" },
  { keys: [], shown: ["Space"], does: "Select the tile, or not" },
  { keys: ["Ctrl+a"], does: "Select all" },
];
const KEYS = [
  { keys: [..."0123456789"], shown: ["0", "…", "9"], does: "Label what is selected, else the tile in focus", others: (key) => key.length === 1 && isOut() && offered(key) !== null, run: (key) => offered(key) ? sayOf({ label: offered(key).dataset.value }) : false },
  { keys: ["Enter"], does: "Send what is labelled; take tasks where there are none", run: () => isOut() ? openSend() : press("#take")() },
  { keys: ["Ctrl+Enter"], does: "Send, also from a text field", writing: true, run: openSend },
  { keys: ["m"], does: "Select, also by what the model says", run: () => isOut() && openFor("select") },
  { keys: ["v"], does: "Condition of what is selected", run: () => isOut() && openFor("condition") },
  { keys: ["s"], does: "Skip what is selected: not for me (then a digit)", run: () => isOut() && openFor("skip") },
  { keys: ["+"], does: "See the example large", run: () => isOut() && open() },
  { keys: ["/"], does: "Find a label", run: () => here("find")?.focus() ?? Boolean(here("find")) },
  { keys: ["Ctrl+z"], shown: ["Ctrl+z", "⇧"], does: "Undo, with ⇧ do it again", run: (_, { shiftKey }) => turn(shiftKey ? redo : undo) },
  { keys: ["Escape"], does: "Select none; leave a text field", writing: true, run: () => isOut() && (select([]), focus(current())) },
  { keys: ["g"], does: "Guidelines", run: press("#guidelines summary") },
  { keys: ["?"], does: "This list", run: press("[data-opens=cheat-sheet]") },
];

addEventListener("offline", () => say("offline", waiting()));
addEventListener("online", () => say("", waiting()));
onSelection(paint);
onTiles(paint);
startCounting(0);
writeCheatSheet([...GRID, ...KEYS], root.querySelector(".cheat-sheet"));
watchSignIn(here("sign-in-again"));
bindKeys(KEYS);
carry({ url: addressOf("bulk", "submit/"), say, told, through });
paint();
await takeUp(person);
if ("held" in root.dataset && (await leftBehind("drafts", person)).length) take();
