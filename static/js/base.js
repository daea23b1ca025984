// What every page loads: requests and their failures, notices, menus, dialogs, single keys.
import "./bell.js";
import "./dialogs.js";
import "./keys.js";
import "./menus.js";
import "./requests.js";
import { toast } from "./notices.js";
import { bindKeys, EVERYWHERE, openPalette } from "./shortcuts.js";
import { lookBack } from "./unsent.js";

lookBack((words) => toast(words, { kind: "warn" }));
bindKeys(EVERYWHERE);
document.addEventListener("click", (event) => event.target.closest?.("[data-palette]") && openPalette());
