// @ts-check
/** The card after a lasso or a rectangle: look first, then reassign, make new, or leave it. */
import { el, icon } from "../lib/dom.js";
import { t, tn } from "../lib/i18n.js";
import { section } from "./territory_details.js";
import { selectionTable } from "./territory_pending.js";

/**
 * @param {import("./territory_editor.js").Editor} editor @param {number[]} units
 * @param {(target: number | "new" | null) => void} onChoice null to leave it
 */
export function selectionView(editor, units, onChoice) {
  const { state } = editor;
  const target = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "selection-target" },
    ...state.numbers().map((number) => el("option", { value: number }, state.territories.get(number)?.name ?? "")),
    el("option", { value: 0 }, t("No territory"))));
  target.value = String(editor.target === "new" ? state.numbers()[0] : editor.target);
  const held = units.filter((u) => editor.locks.has(state.home[u]) || (editor.source !== "all" && state.home[u] !== editor.source) || (editor.lockPainted && state.pending[u])).length;
  return section(
    selectionTable(state, units),
    held ? el("p", { class: "notice notice-warn" }, tn("{n} of them stays: it is locked, or not of what is taken from.", "{n} of them stay: they are locked, or not of what is taken from.", { n: held })) : null,
    el("div", { class: "field" }, el("label", { for: "selection-target" }, t("Give them to")), target),
    el("div", { class: "form-actions" },
      el("button", { class: "btn btn-primary", type: "button", id: "reassign", onclick: () => onChoice(Number(target.value)) }, icon("arrows-exchange"), t("Reassign")),
      el("button", { class: "btn", type: "button", id: "new-territory", onclick: () => onChoice("new") }, icon("plus"), t("New territory")),
      el("button", { class: "btn btn-ghost", type: "button", onclick: () => onChoice(null) }, t("Cancel"))),
  );
}
