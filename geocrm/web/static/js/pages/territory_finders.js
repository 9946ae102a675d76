// @ts-check
/** What still has to be done: unassigned units, parts apart, holes; each found one after the other. */
import { el, icon } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { NONE } from "./territory_state.js";

/** @typedef {{islands: import("./territory_graph.js").Piece[], holes: import("./territory_graph.js").Piece[], split: number[]}} Faults */
/** @typedef {"unassigned" | "apart" | "holes"} Kind */

/**
 * @param {HTMLElement} place
 * @param {import("./territory_state.js").PlanState} state
 * @param {{go: (kind: Kind, units: number[]) => void, assignAll: (() => void) | null}} act
 */
export function createFinders(place, state, act) {
  /** @type {Faults} */
  let faults = { islands: [], holes: [], split: [] };
  /** @type {Record<Kind, number>} */
  const at = { unassigned: -1, apart: -1, holes: -1 };
  const words = { unassigned: t("Unassigned"), apart: t("Apart"), holes: t("Holes") };
  const counts = /** @type {Record<Kind, HTMLElement>} */ ({});
  const buttons = /** @type {Kind[]} */ (["unassigned", "apart", "holes"]).map((kind) => {
    counts[kind] = el("b", { "data-count": kind }, "0");
    return el("button", { class: "finder", type: "button", "data-find": kind, title: t("Show the next one"), onclick: () => next(kind) }, counts[kind], el("span", {}, words[kind]));
  });
  const auto = act.assignAll ? el("button", { class: "btn btn-ghost finder-auto", type: "button", id: "assign-rest", onclick: act.assignAll }, icon("target", "i-s"), t("Give them to the lightest neighbour")) : null;
  place.append(el("div", { class: "finders" }, ...buttons), ...(auto ? [auto] : []));
  show();

  /** @param {Kind} kind @returns {number[][]} */
  function list(kind) {
    if (kind === "unassigned") return state.unitsOf(NONE).map((u) => [u]);
    return (kind === "apart" ? faults.islands : faults.holes).map((piece) => piece.units);
  }

  /** @param {Kind} kind */
  function next(kind) {
    const found = list(kind);
    if (!found.length) return;
    at[kind] = (at[kind] + 1) % found.length;
    act.go(kind, found[at[kind]]);
  }

  function show() {
    const numbers = { unassigned: state.counts[NONE], apart: faults.islands.length, holes: faults.holes.length };
    buttons.forEach((button) => {
      const kind = /** @type {Kind} */ (button.dataset.find);
      counts[kind].textContent = formatNumber(numbers[kind]);
      button.classList.toggle("some", numbers[kind] > 0);
      /** @type {HTMLButtonElement} */ (button).disabled = numbers[kind] === 0;
    });
    if (auto) auto.hidden = numbers.unassigned === 0;
  }

  return {
    next,
    refresh: show,
    /** @param {Faults} found */
    update(found) {
      faults = found;
      show();
    },
    get faults() {
      return faults;
    },
  };
}

/**
 * Where the units in no territory would go: one after the other to the neighbour with the least
 * load; units without a neighbour to the nearest assigned unit's territory.
 * @param {import("./territory_state.js").PlanState} state @param {import("./territory_graph.js").Graph} graph @param {Set<number>} locks
 * @returns {{units: number[], to: number[]}}
 */
export function lightestNeighbours(state, { start, beside }, locks) {
  const home = state.home.slice();
  const { values, sums } = state.measures[state.balance];
  const load = new Map(state.numbers().map((number) => [number, sums[number]]));
  let left = state.unitsOf(NONE);
  const result = { units: /** @type {number[]} */ ([]), to: /** @type {number[]} */ ([]) };
  const give = (/** @type {number} */ u, /** @type {number} */ to) => {
    home[u] = to;
    load.set(to, (load.get(to) ?? 0) + values[u]);
    result.units.push(u);
    result.to.push(to);
  };
  while (left.length) {
    const rest = [];
    for (const u of left) {
      let best = NONE;
      for (let e = start[u]; e < start[u + 1]; e += 1) {
        const other = home[beside[e]];
        if (other && !locks.has(other) && (!best || (load.get(other) ?? 0) < (load.get(best) ?? 0))) best = other;
      }
      if (best) give(u, best);
      else rest.push(u);
    }
    if (rest.length === left.length) {
      const u = rest.shift();
      const to = u === undefined ? NONE : nearest(state, home, u, locks);
      if (u === undefined || !to) break;
      give(u, to);
    }
    left = rest;
  }
  return result;
}

/** @param {import("./territory_state.js").PlanState} state @param {Uint16Array} home @param {number} u @param {Set<number>} locks */
function nearest({ sphere, n }, home, u, locks) {
  let best = -2;
  let found = NONE;
  for (let v = 0; v < n; v += 1) {
    if (!home[v] || locks.has(home[v])) continue;
    const near = sphere[3 * u] * sphere[3 * v] + sphere[3 * u + 1] * sphere[3 * v + 1] + sphere[3 * u + 2] * sphere[3 * v + 2];
    if (near > best) [best, found] = [near, home[v]];
  }
  return found;
}
