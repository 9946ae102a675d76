// @ts-check
/** What was saved in a plan so far, step by step; a step can be looked at and taken back. */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatDateTime } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { movesList } from "./territory_sync.js";

/**
 * @param {string} api @param {import("./territory_state.js").PlanState} state
 * @param {{show: (units: number[]) => void, takeBack: ((step: import("./territory_merge.js").SavedStep) => void) | null}} act
 */
export async function historyView(api, state, act) {
  const list = el("ul", { class: "history" });
  await more(null);
  return [list];

  /** @param {number | null} before */
  async function more(before) {
    const answer = await getJson(`${api}/edits`, { query: { before } });
    list.append(...answer.items.map(item));
    if (!list.childElementCount) list.append(el("li", { class: "muted" }, t("Nothing was saved yet. Every saved step will be listed here, and can be taken back.")));
    if (!answer.next) return;
    const button = el("button", { class: "btn btn-ghost", type: "button" }, t("More"));
    const row = el("li", {}, button);
    button.addEventListener("click", () => {
      row.remove();
      more(answer.next).catch(() => undefined);
    });
    list.append(row);
  }

  /** @param {any} step */
  function item(step) {
    const body = el("div", { class: "stack-s" });
    const words = [
      tn("{n} unit", "{n} units", { n: step.units }),
      ...step.added.map((/** @type {any} */ one) => t("added {name}", { name: one.name })),
      ...step.removed.map((/** @type {any} */ one) => t("removed {name}", { name: one.name })),
    ];
    const box = /** @type {HTMLDetailsElement} */ (el("details", { class: "section-fold" },
      el("summary", {}, el("b", {}, step.who ?? t("Operator")), el("span", { class: "muted small" }, ` ${formatDateTime(step.at)} · ${words.join(", ")}`)),
      body));
    box.addEventListener("toggle", () => box.open && !body.childElementCount && open(step, body).catch(() => undefined));
    return el("li", {}, box);
  }

  /** @param {any} step @param {HTMLElement} body */
  async function open(step, body) {
    const full = await getJson(`${api}/edits/${step.id}`);
    const units = full.moves.flatMap((/** @type {any} */ move) => state.row.get(move.unit) ?? []);
    const { takeBack } = act;
    body.append(
      el("div", { class: "row-line" },
        el("button", { class: "btn", type: "button", onclick: () => act.show(units) }, icon("eye"), t("Show on the map")),
        takeBack ? el("button", { class: "btn", type: "button", onclick: () => takeBack(full) }, icon("arrow-back-up"), t("Take back")) : null),
      el("ul", { class: "territory-units" }, ...movesList(state, full.moves)));
  }
}
