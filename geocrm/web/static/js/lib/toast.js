// @ts-check
/** Short messages at the edge of the page; errors stay until they are closed. */
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

const SYMBOLS = { good: "circle-check", warn: "alert-triangle", bad: "alert-circle", info: "info-circle" };
const STAY_MS = 6000;

/**
 * @param {string} text
 * @param {"good" | "warn" | "bad" | "info"} [kind]
 * @param {{action?: {words: string, run: () => void}, other?: {words: string, run: () => void}, onLeft?: () => void}} [options]
 *   one button, such as Undo, or two to choose from; `onLeft` when none was pressed
 * @returns {() => void} closes it
 */
export function toast(text, kind = "info", options = {}) {
  // Said once is enough: several parts of a page may be refused for one reason.
  for (const one of document.querySelectorAll(".toast-item")) if (one.querySelector(".grow")?.textContent === text && !options.other) one.remove();
  const close = () => item.remove();
  const leave = () => item.isConnected && (close(), options.onLeft?.());
  const { action, other } = options;
  const button = (/** @type {{words: string, run: () => void}} */ one) =>
    el("button", { class: "btn", type: "button", onclick: () => (close(), one.run()) }, one.words);
  const item = el(
    "div",
    { class: `toast-item toast-${kind}`, role: kind === "bad" ? "alert" : null },
    icon(SYMBOLS[kind]),
    el("div", { class: "grow" }, text, action && other ? el("div", { class: "toast-choice" }, button(action), button(other)) : null),
    action && !other ? button(action) : null,
    el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: leave }, icon("x", "i-s")),
  );
  const all = region();
  all.append(item);
  raise(all);
  // A choice waits for whoever is to make it.
  if (kind !== "bad" && !other) setTimeout(leave, action ? STAY_MS * 2 : STAY_MS);
  return close;
}

/** Above a dialog, which lies above everything else; nothing in it can be pressed until that closes. @param {HTMLElement} all */
function raise(all) {
  if (all.popover) all.hidePopover();
  all.popover = document.querySelector("dialog:modal") ? "manual" : null;
  if (all.popover) all.showPopover();
}

function region() {
  const found = document.getElementById("toasts");
  if (found) return found;
  const made = el("div", { class: "toasts", id: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}
