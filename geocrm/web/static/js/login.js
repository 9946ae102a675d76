// @ts-check
/** The sign-in page: theme switch and menus; the form itself needs no script. */
import { bindThemeSwitches } from "./lib/theme.js";
import { bindMenus } from "./lib/menus.js";

bindThemeSwitches(document);
bindMenus(document);
