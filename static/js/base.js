// What every page loads: requests and their failures, notices, menus, dialogs, single keys.
import "./dialogs.js";
import "./keys.js";
import "./menus.js";
import "./requests.js";
