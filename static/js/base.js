// What every page loads: requests and their failures, notices, menus, dialogs, single keys.
import "./bell.js";
import "./dialogs.js";
import "./keys.js";
import "./menus.js";
import "./requests.js";
import { toast } from "./notices.js";
import { lookBack } from "./unsent.js";

lookBack((words) => toast(words, { kind: "warn" }));
