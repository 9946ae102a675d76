// @ts-check
/** The drawer about one territory, one unit or a selection: figures, people, and where a unit could go. */
import { el, icon, swatch } from "../lib/dom.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { CATEGORY_COLOURS, colourAt } from "../lib/palette.js";
import { formatLoad } from "./territory_bars.js";
import { peopleForm, peopleList } from "./territory_people.js";
import { allBelow, possibleParents } from "./territory_tree.js";

const MOST_UNITS = 300;

/** @typedef {import("./territory_state.js").PlanState} PlanState */

/** The padding of the drawer. @param {(Node | null)[]} nodes */
export function section(...nodes) {
  return el("div", { class: "section stack" }, ...nodes);
}

/** @param {[string, string][]} rows */
function facts(rows) {
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** @param {PlanState} state @param {number[]} units */
function figures(state, units) {
  const total = (/** @type {import("./territory_state.js").Measure} */ measure) => {
    const { values } = state.measures[measure];
    const found = units.reduce((sum, u) => sum + values[u], 0);
    return Number.isNaN(found) ? null : found;
  };
  const rows = /** @type {[string, string][]} */ ([
    [t("Customers"), formatNumber(total("accounts"))],
    [t("Revenue"), formatMoney(total("revenue"), { compact: true })],
    [t("Population"), formatNumber(total("population"))],
    ...Object.keys(state.columns.further ?? {}).map((measure) => [state.words[measure] ?? measure, shown(total(measure), measure)]),
  ]);
  return facts(rows.filter(([, value]) => value !== "–"));
}

/** @param {number | null} value @param {string} measure */
function shown(value, measure) {
  return value === null ? "–" : formatLoad(value, measure);
}

/** @param {{name: string, people: {name: string}[]}} territory */
export function labelOf(territory) {
  const people = territory.people.map((one) => one.name).join(", ");
  return people ? `${territory.name} · ${people}` : territory.name;
}

/**
 * @param {PlanState} state @param {number} number
 * @param {{reps: {id: number, name: string}[], open: boolean, change: (change: any) => void, remove: (() => void) | null, openUnit: (u: number) => void}} options
 */
export function territoryView(state, number, { reps, open, change, remove, openUnit }) {
  const one = /** @type {import("./territory_state.js").Territory} */ (state.territories.get(number));
  const { values } = state.measures[state.balance];
  const units = state.unitsOf(number).sort((a, b) => (values[b] || 0) - (values[a] || 0));
  const rows = units.slice(0, MOST_UNITS).map((u) => el("li", {},
    el("button", { class: "unit-link", type: "button", onclick: () => openUnit(u) }, el("span", { class: "truncate" }, state.columns.name[u]), el("span", { class: "num muted" }, Number.isNaN(values[u]) ? "" : formatLoad(values[u], state.balance)))));
  return section(
    open ? territoryForm(state, one, reps, change) : peopleList(one.people),
    figures(state, units),
    ...belowIt(state, number),
    remove && !units.length ? el("button", { class: "btn btn-danger", type: "button", id: "remove-territory", onclick: remove }, icon("trash"), t("Remove this empty territory")) : null,
    el("h3", { class: "overline" }, tn("{n} unit", "{n} units", { n: units.length })),
    el("ul", { class: "territory-units" }, ...rows, units.length > MOST_UNITS ? el("li", { class: "muted" }, tn("and {n} more", "and {n} more", { n: units.length - MOST_UNITS })) : null),
  );
}

/** What a territory holds together with all that lie below it. @param {PlanState} state @param {number} number */
function belowIt(state, number) {
  const below = allBelow(state.territories, number);
  if (!below.length) return [];
  const units = [number, ...below].flatMap((one) => state.unitsOf(one));
  return [el("h3", { class: "overline" }, tn("With {n} territory below it", "With {n} territories below it", { n: below.length })), figures(state, units)];
}

/** @param {PlanState} state @param {any} one @param {{id: number, name: string}[]} reps @param {(change: any) => void} change */
function territoryForm(state, one, reps, change) {
  const name = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id: "territory-name", value: one.name, maxlength: 120 }));
  name.addEventListener("change", () => change({ name: name.value }));
  const colours = CATEGORY_COLOURS.slice(0, 24).map((colour, index) => {
    const button = el("button", { type: "button", "aria-label": t("Colour {n}", { n: index + 1 }), "aria-pressed": String(index === one.colour), onclick: () => change({ colour: index }) });
    button.style.background = colour;
    return button;
  });
  return el("div", { class: "stack" },
    el("div", { class: "field" }, el("label", { for: "territory-name" }, t("Name")), name),
    one.fresh ? null : parentField(state, one, change),
    one.fresh ? el("p", { class: "muted small" }, t("It can be given to somebody once it is saved.")) : peopleForm(one, reps, (people) => change({ people })),
    el("details", {}, el("summary", {}, t("Colour")), el("div", { class: "territory-colours" }, ...colours)));
}

/** @param {PlanState} state @param {any} one @param {(change: any) => void} change */
function parentField(state, one, change) {
  const parent = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "territory-parent" },
    el("option", { value: 0 }, t("None: it stands on top")),
    ...possibleParents(state.territories, one.number).map(({ number, depth }) => el("option", { value: number }, `${"\u2003".repeat(depth)}${state.territories.get(number)?.name ?? ""}`))));
  parent.value = String(one.parent ?? 0);
  parent.addEventListener("change", () => change({ parent: Number(parent.value) }));
  return el("div", { class: "field" }, el("label", { for: "territory-parent" }, t("Lies below")), parent,
    el("div", { class: "hint" }, t("Whoever has that territory sees this one, too.")));
}

/**
 * @param {PlanState} state @param {number} u
 * @param {{openTerritory: (number: number) => void, explanation: HTMLElement | null, moves: {to: number, splits: boolean, deviation: number}[] | null, move: (to: number) => void}} options
 */
export function unitView(state, u, { openTerritory, explanation, moves, move }) {
  const home = state.territories.get(state.home[u]);
  const parent = state.columns.parents[state.columns.parent[u]];
  return section(
    home ? el("button", { class: "btn btn-ghost territory-home", type: "button", onclick: () => openTerritory(home.number) }, swatch(colourAt(home.colour)), labelOf(home)) : el("p", { class: "tag tag-warn" }, t("Unassigned")),
    parent ? el("p", { class: "muted small" }, parent) : null,
    figures(state, [u]),
    ...(moves ? movesList(state, moves, move) : []),
    explanation,
  );
}

/** @param {PlanState} state @param {{to: number, splits: boolean, deviation: number}[]} moves @param {(to: number) => void} move */
function movesList(state, moves, move) {
  if (!moves.length) return [el("p", { class: "muted" }, t("No other territory lies beside it."))];
  return [
    el("h3", { class: "overline" }, t("Move to")),
    el("ul", { class: "territory-moves" }, ...moves.map(({ to, splits, deviation }) => {
      const one = state.territories.get(to);
      return el("li", {},
        el("button", { class: "btn", type: "button", onclick: () => move(to) },
          swatch(colourAt(one?.colour ?? 0)), el("span", { class: "truncate" }, one?.name ?? ""),
          splits ? icon("alert-triangle", "i-s") : null,
          el("span", { class: "num" }, splits ? t("splits") : formatShare(deviation, { signed: true }))));
    })),
    el("p", { class: "muted small" }, t("How far the territory would be off the mean afterwards.")),
  ];
}
