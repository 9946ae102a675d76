// @ts-check
/** What is changed and not saved: each territory before and after, to save, to keep apart or to leave. */
import { el, icon, swatch } from "../lib/dom.js";
import { formatCompact, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";
import { formatLoad } from "./territory_bars.js";

/** The table is in sight while one paints; the largest changes come first. */
const MOST_ROWS = 30;

/** @typedef {{number: number, before: number, after: number, units: number, fresh: boolean, gone: boolean}} Change */

/** What changed, by territory. @param {import("./territory_state.js").PlanState} state @param {Map<number, import("./territory_state.js").Territory>} known as the server has them @returns {Change[]} */
export function changesOf(state, known) {
  const { values, sums } = state.measures[state.balance];
  /** @type {Map<number, {moved: number, units: number}>} */
  const moved = new Map();
  /** @param {number} number @param {number} load @param {number} units */
  const add = (number, load, units) => {
    const row = moved.get(number) ?? { moved: 0, units: 0 };
    moved.set(number, { moved: row.moved + load, units: row.units + units });
  };
  for (const u of state.pendingUnits()) {
    add(state.home[u], values[u], 1);
    add(state.saved[u], -values[u], -1);
  }
  for (const one of state.territories.values()) if (!known.has(one.number)) add(one.number, 0, 0);
  for (const number of known.keys()) if (!state.territories.has(number)) add(number, 0, 0);
  return [...moved].map(([number, row]) => ({
    number,
    before: sums[number] - row.moved,
    after: sums[number],
    units: row.units,
    fresh: number !== 0 && !known.has(number),
    gone: number !== 0 && !state.territories.has(number),
  })).sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || a.number - b.number);
}

/**
 * @param {HTMLElement} place
 * @param {import("./territory_state.js").PlanState} state
 * @param {{save: () => void, saveAs: () => void, rollBack: () => void, open: (number: number) => void}} act
 */
export function createPending(place, state, act) {
  const count = el("b", { id: "pending-count" });
  const save = el("button", { class: "btn btn-primary", type: "button", id: "save-plan", onclick: act.save }, icon("device-floppy"), t("Save"));
  const body = el("tbody");
  place.append(
    el("div", { class: "pending-head" }, count,
      el("button", { class: "btn btn-ghost", type: "button", id: "roll-back", onclick: act.rollBack }, t("Roll back"))),
    el("div", { class: "pending-table" }, el("table", {},
      el("caption", { class: "visually-hidden" }, t("Changes by territory")),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("Territory")), el("th", { scope: "col", class: "num" }, t("Before → after")), el("th", { scope: "col", class: "num" }, t("From ideal")))),
      body)),
    el("div", { class: "pending-actions" }, save,
      el("button", { class: "btn", type: "button", id: "save-as", onclick: act.saveAs }, icon("copy"), t("Save as scenario …"))),
  );
  place.hidden = true;
  // On a phone the panel is folded while one draws: its handle says that there is something to save.
  const mark = el("span", { class: "tag tag-warn", id: "pending-mark", hidden: true });
  document.querySelector(".panel-handle .i")?.before(mark);

  return {
    /** @param {Change[]} changes @param {Set<number>} split @param {boolean} blocked */
    show(changes, split, blocked) {
      place.hidden = mark.hidden = !changes.length;
      if (place.hidden) return;
      count.textContent = tn("{n} unit changed, not saved", "{n} units changed, not saved", { n: state.pendingCount });
      mark.textContent = t("not saved");
      /** @type {HTMLButtonElement} */ (save).disabled = blocked;
      const rows = changes.slice(0, MOST_ROWS).map((change) => line(change, state, split, act.open));
      if (changes.length > MOST_ROWS) rows.push(el("tr", {}, el("td", { colspan: 3, class: "muted" }, tn("and {n} more", "and {n} more", { n: changes.length - MOST_ROWS }))));
      body.replaceChildren(...rows);
    },
  };
}

/** @param {Change} change @param {import("./territory_state.js").PlanState} state @param {Set<number>} split @param {(number: number) => void} open */
function line(change, state, split, open) {
  const one = state.territories.get(change.number);
  const delta = change.after - change.before;
  const off = one && state.sharing().includes(change.number) ? state.deviation(change.number) : null;
  const outside = off !== null && Math.abs(off) > state.tolerance + 1e-9;
  const name = one ? el("button", { class: "pending-name", type: "button", onclick: () => open(change.number) }, swatch(colourAt(one.colour)), el("span", { class: "truncate" }, one.name)) : el("span", { class: "pending-name" }, change.gone ? t("Removed territory") : t("Unassigned"));
  return el("tr", {},
    el("th", { scope: "row" }, name, badge(change, split)),
    el("td", { class: "num" },
      el("div", {}, `${short(change.before, state.balance)} → ${short(change.after, state.balance)}`),
      el("div", { class: "muted small" }, `${signed(delta, state.balance)} · ${signedUnits(change.units)}`)),
    el("td", { class: outside ? "num off-tolerance" : "num" }, off === null ? "–" : formatShare(off, { signed: true })));
}

/** @param {Change} change @param {Set<number>} split */
function badge(change, split) {
  if (change.gone) return el("span", { class: "tag" }, t("removed"));
  if (split.has(change.number)) return el("span", { class: "tag tag-bad" }, t("in pieces"));
  if (change.fresh) return el("span", { class: "tag tag-accent" }, t("new"));
  return null;
}

/** @param {number} delta @param {string} measure */
function signed(delta, measure) {
  const sign = delta > 0 ? "+" : delta < 0 ? "−" : "±";
  return `${sign}${short(Math.abs(delta), measure)}`;
}

/** Millions in a narrow column. @param {number} value @param {string} measure */
function short(value, measure) {
  return measure === "revenue" || value < 100_000 ? formatLoad(value, measure) : formatCompact(value);
}

/** @param {number} units */
function signedUnits(units) {
  const sign = units > 0 ? "+" : units < 0 ? "−" : "±";
  return tn("{sign}{n} unit", "{sign}{n} units", { n: Math.abs(units), sign });
}

/** The card after a lasso or a rectangle: what is inside, by territory, and what to do with it. @param {import("./territory_state.js").PlanState} state @param {number[]} units */
export function selectionTable(state, units) {
  /** @type {Map<number, {units: number, accounts: number, revenue: number, population: number}>} */
  const rows = new Map();
  const all = { units: 0, accounts: 0, revenue: 0, population: 0 };
  for (const u of units) {
    const row = rows.get(state.home[u]) ?? { units: 0, accounts: 0, revenue: 0, population: 0 };
    for (const sums of [row, all]) {
      sums.units += 1;
      sums.accounts += state.measures.accounts.values[u];
      sums.revenue += state.measures.revenue.values[u];
      sums.population += state.measures.population.values[u];
    }
    rows.set(state.home[u], row);
  }
  /** @param {string | Node} name @param {typeof all} sums */
  const cells = (name, sums) => el("tr", {},
    el("th", { scope: "row" }, name),
    ...[formatNumber(sums.units), formatNumber(sums.accounts), formatLoad(sums.revenue, "revenue"), formatCompact(sums.population)].map((value) => el("td", { class: "num" }, value)));
  const named = (/** @type {number} */ number) => {
    const one = state.territories.get(number);
    return el("span", { class: "pending-name" }, one ? swatch(colourAt(one.colour)) : null, el("span", { class: "truncate", title: one?.name }, one?.name ?? t("Unassigned")));
  };
  return el("div", { class: "selection-table" }, el("table", {},
    el("thead", {}, el("tr", {}, ...[t("Now in"), t("Units"), t("Customers"), t("Revenue"), t("Population")].map((words, i) => el("th", { scope: "col", class: i ? "num" : null }, words)))),
    el("tbody", {}, ...[...rows].sort(([, a], [, b]) => b.units - a.units).map(([number, sums]) => cells(named(number), sums))),
    el("tfoot", {}, cells(t("Together"), all))));
}
