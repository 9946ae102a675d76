// @ts-check
/** Customers as bars by one of their properties; a bar is a switch of the filter. */
import { el } from "../lib/dom.js";
import { createBars } from "../lib/bars.js";
import { failure } from "../lib/failure.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { chartGroupings, fetchGroups, fieldOfGroup, groupColours, groupWords, ordered } from "./map_groups.js";
import { shownTree } from "./map_state.js";
import { choicesOf, isChosen, textOf, toggled, without } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

/**
 * @param {HTMLElement} container
 * @param {{page: any, change: (changes: Partial<ViewState>) => void}} options
 */
export function createChart(container, { page, change }) {
  const title = el("h2", { class: "h3", id: "chart-title" });
  const about = el("p", { class: "muted small", role: "status" });
  const list = /** @type {HTMLUListElement} */ (el("ul", { class: "bars chart-bars", "aria-labelledby": "chart-title" }));
  const hint = el("p", { class: "hint" }, t("Choose a bar to show only these customers, everywhere."));
  const lost = el("div", { class: "chart-lost", hidden: true }, failure(() => show(latest)));
  container.append(lost, el("div", { class: "chart-page" }, title, about, list, hint));
  const bars = createBars(list, { rows: [] });
  let asking = new AbortController();
  let shown = "";
  /** @type {import("./map_groups.js").Group[]} */
  let groups = [];

  /** @param {ViewState} state */
  async function load(state, /** @type {string} */ filter) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    list.setAttribute("aria-busy", "true");
    if (!groups.length) list.replaceChildren(...Array.from({ length: 5 }, () => el("li", { class: "skeleton chart-bone" })));
    const found = await fetchGroups(state.group, filter, signal).catch(() => null);
    if (signal.aborted) return false;
    list.removeAttribute("aria-busy");
    lost.hidden = found !== null;
    if (!found) {
      shown = "";
      return false;
    }
    groups = ordered(state.group, found, page);
    return true;
  }

  /** @param {ViewState} state */
  function draw(state) {
    const byRevenue = state.measure === "revenue";
    const field = fieldOfGroup(state.group);
    const choices = choicesOf(state.filter, field);
    const value = (/** @type {any} */ one) => (byRevenue ? one.revenue ?? 0 : one.count);
    const total = groups.reduce((sum, one) => sum + value(one), 0);
    const colour = groupColours(state.group, page);
    const words = new Map(chartGroupings(page)).get(state.group) ?? state.group;
    title.textContent = byRevenue ? t("Revenue a year: {group}", { group: words }) : t("Customers: {group}", { group: words });
    about.textContent = groups.length ? t("{total} in {n} groups", { total: byRevenue ? formatMoney(total, { compact: true }) : formatNumber(total), n: groups.length }) : t("Nobody fits these filters.");
    bars.update({
      rows: groups.map((one, index) => ({ id: index, label: groupWords(state.group, one), value: value(one), colour: colour(one, index) })),
      format: (amount) => `${byRevenue ? formatMoney(amount, { compact: true }) : formatNumber(amount)} · ${formatShare(total ? amount / total : 0)}`,
      onSelect: (index) => choose(state, field, groups[Number(index)]),
    });
    list.querySelectorAll(".bar-row").forEach((row, index) => {
      const on = isChosen(choices, groups[index].part);
      row.setAttribute("aria-pressed", String(on));
      row.classList.toggle("is-dim", choices.length > 0 && !on);
      if (!groups[index].part) row.setAttribute("aria-disabled", "true");
    });
  }

  /** @param {ViewState} state @param {string} field @param {any} group */
  function choose(state, field, group) {
    if (group.part) change({ filter: toggled(state.filter, field, group.part) });
  }

  /** @type {ViewState} */
  let latest;

  async function show(/** @type {ViewState} */ state) {
    latest = state;
    // The group's own filter stays out, so that a bar can be chosen again.
    const filter = textOf(shownTree({ ...state, filter: without(state.filter, fieldOfGroup(state.group)) }));
    const wanted = [state.group, filter].join("|");
    if (wanted !== shown) {
      shown = wanted;
      if (!(await load(state, filter))) return;
    }
    draw(latest);
  }

  return {
    show,
    forget() {
      shown = "";
    },
  };
}
