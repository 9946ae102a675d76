// @ts-check
/** Short messages at the edge of the page; errors stay until they are closed. */
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

const SYMBOLS = { good: "circle-check", warn: "alert-triangle", bad: "alert-circle", info: "info-circle" };
const STAY_MS = 6000;

/**
 * @param {string} text
 * @param {"good" | "warn" | "bad" | "info"} [kind]
 * @param {{action?: {words: string, run: () => void}}} [options] one button, such as Undo
 * @returns {() => void} closes it
 */
export function toast(text, kind = "info", options = {}) {
  // Said once is enough: several parts of a page may be refused for one reason.
  for (const one of document.querySelectorAll(".toast-item")) if (one.querySelector(".grow")?.textContent === text) one.remove();
  const close = () => item.remove();
  const { action } = options;
  const item = el(
    "div",
    { class: `toast-item toast-${kind}`, role: kind === "bad" ? "alert" : null },
    icon(SYMBOLS[kind]),
    el("div", { class: "grow" }, text),
    action &&
      el("button", { class: "btn", type: "button", onclick: () => (close(), action.run()) }, action.words),
    el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "i-s")),
  );
  region().append(item);
  if (kind !== "bad") setTimeout(close, action ? STAY_MS * 2 : STAY_MS);
  return close;
}

function region() {
  const found = document.getElementById("toasts");
  if (found) return found;
  const made = el("div", { class: "toasts", id: "toasts", role: "status", "aria-live": "polite" });
  document.body.append(made);
  return made;
}
