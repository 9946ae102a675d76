// @ts-check
/** In the place of what did not come: that it did not, and a button that asks again. */
import { el, icon } from "./dom.js";
import { t } from "./i18n.js";

/** @param {() => void} again @param {string} [words] @returns {HTMLElement} */
export function failure(again, words = t("This could not be loaded.")) {
  const button = el("button", { class: "btn", type: "button", onclick: again }, icon("refresh", "i-s"), t("Try again"));
  return el("div", { class: "empty failure" }, icon("alert-triangle"), el("p", {}, words), el("div", { class: "form-actions" }, button));
}
