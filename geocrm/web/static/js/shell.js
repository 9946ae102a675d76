// @ts-check
/** What every page does: search, theme, menus, panel, sheet, dock, drawer, questions, progress. */
import { csrfToken, errorText } from "./lib/api.js";
import { bindPalette } from "./lib/command_palette.js";
import { askFirst } from "./lib/confirm.js";
import { bindDrawer } from "./lib/drawer.js";
import { t } from "./lib/i18n.js";
import { bindMenus } from "./lib/menus.js";
import { bindSearch } from "./lib/search.js";
import { bindThemeSwitches } from "./lib/theme.js";
import { toast } from "./lib/toast.js";
import { readState, writeState } from "./lib/url_state.js";

const workspace = document.getElementById("workspace");
const SHEET_ORDER = /** @type {const} */ (["peek", "half", "full"]);

bindThemeSwitches(document);
bindMenus(document);
bindSearch(document.querySelector("#global-search"));
bindPalette();
bindDrawer();
if (workspace) {
  bindPanel(workspace);
  bindSheet(workspace);
  bindDock();
}
document.addEventListener("submit", askFirst, true);
drawProgress(document);
bindHtmx();

/** @param {HTMLElement} frame */
function bindPanel(frame) {
  const button = document.querySelector(".panel-toggle");
  if (!button) return;
  const show = (/** @type {boolean} */ open) => {
    frame.dataset.panel = open ? "open" : "closed";
    button.setAttribute("aria-expanded", String(open));
  };
  show(readState().panel !== "0");
  button.addEventListener("click", () => {
    const open = frame.dataset.panel === "closed";
    show(open);
    writeState({ panel: open ? null : "0" });
    window.dispatchEvent(new Event("resize"));
  });
}

/** On a phone the panel is a sheet; a tap on its handle, or a pull, moves it a step. */
/** @param {HTMLElement} frame */
function bindSheet(frame) {
  const handle = document.querySelector(".panel-handle");
  if (!(handle instanceof HTMLElement)) return;
  const show = (/** @type {string} */ state) => {
    frame.dataset.sheet = state;
    handle.setAttribute("aria-expanded", String(state !== "peek"));
  };
  let startY = 0;
  let pulled = false;
  handle.addEventListener("pointerdown", (event) => {
    startY = event.clientY;
    pulled = false;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointerup", (event) => {
    const way = startY - event.clientY;
    if (Math.abs(way) < 24) return;
    pulled = true;
    const at = SHEET_ORDER.indexOf(/** @type {any} */ (frame.dataset.sheet));
    show(SHEET_ORDER[Math.max(0, Math.min(2, at + Math.sign(way)))]);
  });
  handle.addEventListener("click", () => {
    if (!pulled) show(frame.dataset.sheet === "peek" ? "half" : "peek");
    pulled = false;
  });
}

function bindDock() {
  const dock = document.getElementById("dock");
  const button = dock?.querySelector(".dock-toggle");
  if (!dock || !button) return;
  const show = (/** @type {boolean} */ open) => {
    dock.dataset.state = open ? "open" : "closed";
    button.setAttribute("aria-expanded", String(open));
  };
  const wanted = readState().dock;
  // On a phone the map comes first: the table opens when it is asked for.
  show(wanted ? wanted === "1" : !matchMedia("(max-width: 767px)").matches);
  button.addEventListener("click", () => {
    const open = dock.dataset.state === "closed";
    show(open);
    writeState({ dock: open ? "1" : "0" });
    window.dispatchEvent(new Event("resize"));
  });
}

/** Widths are set here because the policy allows no style attribute. @param {ParentNode} root */
function drawProgress(root) {
  for (const bar of root.querySelectorAll("[data-share]")) {
    if (bar instanceof HTMLElement) bar.style.width = `${Number(bar.dataset.share) * 100}%`;
  }
}

function bindHtmx() {
  document.addEventListener("htmx:configRequest", (event) => {
    const { headers } = /** @type {CustomEvent} */ (event).detail;
    headers["X-CSRF-Token"] = csrfToken();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target instanceof Element) drawProgress(event.target);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = /** @type {CustomEvent} */ (event).detail;
    toast(errorText(xhr.status, xhr.responseText), "bad");
  });
  document.addEventListener("htmx:sendError", () => {
    toast(t("The server cannot be reached. Check the connection and try again."), "bad");
  });
}
