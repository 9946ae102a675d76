// @ts-check
/** The state of the map page: one object, kept in the address, so that a link reproduces the picture. */
import { listOf, readState, writeState } from "../lib/url_state.js";
import { areaOfText, areaText } from "./map_area.js";
import { asksForUnplaced, joined, partsOf, textOf, treeOf, withPart } from "./map_tree.js";

/**
 * @typedef {object} ViewState
 * @property {any} filter a tree of the server's language, or null
 * @property {"map" | "split" | "table" | "board" | "chart"} mode
 * @property {"points" | "heat" | "hexagons" | "regions"} layer
 * @property {"segment" | "territory" | "owner" | "recency" | "visited" | "grade"} colour
 * @property {"count" | "revenue"} size
 * @property {"count" | "revenue" | "average" | "share"} measure
 * @property {string} share whose share the measure is
 * @property {string} regions a boundary layer, or "territories"
 * @property {"quantile" | "natural" | "equal"} classes
 * @property {string[]} focus values of the legend; the rest dims
 * @property {string[]} borders
 * @property {string} sort a minus sign sorts the largest first
 * @property {string[]} columns of the table, "field" or "field:width"; empty for the usual ones
 * @property {string} group what the columns of the board and the bars of the chart are
 * @property {number | null} view the saved view it came from
 * @property {any} selection a GeoJSON area, or null
 * @property {number[] | null} ids customers that were ticked
 * @property {boolean} all everybody whom the filter chooses is meant
 * @property {boolean} follow the table lists who is in view
 * @property {string} at zoom/lat/lon
 */

export const MODES = /** @type {const} */ (["map", "split", "table", "board", "chart"]);
const MAX_IDS = 300; // more would not fit into an address
const PHONE = matchMedia("(max-width: 767px)");

/** What the entries may be, the usual one first. @type {Record<string, readonly string[]>} */
const CHOICES = {
  layer: ["points", "heat", "hexagons", "regions"],
  colour: ["segment", "territory", "owner", "recency", "visited", "grade"],
  size: ["count", "revenue"],
  measure: ["count", "revenue", "average", "share"],
  classes: ["quantile", "natural", "equal"],
};
const TEXTS = /** @type {Record<string, string>} */ ({ share: "A", regions: "territories", sort: "name", group: "segment" });
const LISTS = ["focus", "borders", "columns"];

export const isPhone = () => PHONE.matches;

/** The mode in which the page opens. @returns {ViewState["mode"]} */
export function usualMode() {
  return offered(/** @type {ViewState["mode"]} */ (document.getElementById("map-view")?.dataset.usual ?? "split"));
}

/**
 * A phone has no room for two, and who may only count has no lists: the map instead.
 * @param {ViewState["mode"]} mode @returns {ViewState["mode"]}
 */
export function offered(mode) {
  const switchable = document.querySelector(`[data-mode-switch="${mode}"]`);
  return switchable && !(mode === "split" && isPhone()) ? mode : "map";
}

/** Who may only count has no table, and is told of segments and territories alone. @param {ViewState["colour"]} colour */
function offeredColour(colour) {
  return offered("table") === "table" || colour === "territory" ? colour : "segment";
}

/** @returns {ViewState} */
export function stateOfAddress() {
  return stateOf(readState());
}

/** @param {Record<string, string>} entries of the address @returns {ViewState} */
export function stateOf(entries) {
  const one = (/** @type {string} */ name) => (CHOICES[name].includes(entries[name]) ? entries[name] : CHOICES[name][0]);
  const wanted = MODES.find((mode) => mode === entries.mode) ?? (entries.dock === "0" ? "map" : usualMode());
  const ids = listOf(entries.ids).map(Number).filter(Number.isInteger);
  return /** @type {ViewState} */ ({
    filter: filterOfEntries(entries),
    mode: offered(wanted),
    ...Object.fromEntries(Object.keys(CHOICES).map((name) => [name, one(name)])),
    colour: offeredColour(/** @type {ViewState["colour"]} */ (one("colour"))),
    ...Object.fromEntries(Object.entries(TEXTS).map(([name, usual]) => [name, entries[name] || usual])),
    ...Object.fromEntries(LISTS.map((name) => [name, listOf(entries[name])])),
    view: Number(entries.view) || null,
    selection: areaOfText(entries.area),
    ids: ids.length ? ids : null,
    all: entries.all === "1",
    follow: entries.follow !== "0",
    at: entries.at ?? "",
  });
}

/** @param {ViewState} state @param {{push?: boolean}} [options] */
export function keepState(state, options) {
  const usual = (/** @type {string} */ value, /** @type {string} */ otherwise) => (value === otherwise ? null : value);
  writeState(
    {
      // What older links said is in the filter now.
      ...Object.fromEntries(OLD.map((name) => [name, null])),
      filter: textOf(state.filter),
      mode: usual(state.mode, usualMode()),
      ...Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, usual(/** @type {any} */ (state)[name], first)])),
      ...Object.fromEntries(Object.entries(TEXTS).map(([name, first]) => [name, usual(/** @type {any} */ (state)[name], first)])),
      ...Object.fromEntries(LISTS.map((name) => [name, /** @type {any} */ (state)[name]])),
      view: state.view,
      area: areaText(state.selection),
      ids: (state.ids?.length ?? 0) <= MAX_IDS ? state.ids : null,
      all: state.all ? 1 : null,
      follow: state.follow ? null : 0,
    },
    options,
  );
}

/** The state that a saved view holds becomes a whole one. @param {Partial<ViewState>} saved @returns {ViewState} */
export function completed(saved) {
  const whole = { ...stateOf({}), ...saved };
  return { ...whole, mode: offered(whole.mode), colour: offeredColour(whole.colour) };
}

/** What a saved view remembers: all that is not as usual. @param {ViewState} state @returns {Record<string, any>} */
export function essence(state) {
  const usual = /** @type {Record<string, any>} */ (stateOf({}));
  const kept = ["filter", "mode", ...Object.keys(CHOICES), ...Object.keys(TEXTS), ...LISTS, "selection"];
  const now = /** @type {Record<string, any>} */ (state);
  const entries = kept.filter((name) => JSON.stringify(now[name]) !== JSON.stringify(usual[name])).map((name) => [name, now[name]]);
  return { ...Object.fromEntries(entries), at: readState().at };
}

/** Whom the table, the board and the chart show: the filter, inside the drawn area. @param {ViewState} state */
export function shownTree(state) {
  return state.selection ? withPart(state.filter, { field: "location", op: "within", value: state.selection }) : state.filter;
}

/** Whom an action means: the ticked ones, else everybody who is shown. @param {ViewState} state */
export function meantTree(state) {
  return state.ids ? withPart(state.filter, { field: "id", op: "in", value: state.ids }) : shownTree(state);
}

/** Whether anybody in particular is chosen. @param {ViewState} state */
export function hasSelection(state) {
  return state.selection !== null || state.ids !== null || state.all;
}

/** Whether the rows are those in view. @param {ViewState} state */
export function followsMap(state) {
  return state.follow && state.mode !== "table" && !state.selection && !asksForUnplaced(state.filter);
}

// ------------------------------------------------------------ links from before there were trees

const OLD = ["segment", "territory", "owner", "revenue_from", "revenue_to", "order", "visit", "point", "name", "list", "dock", "about"];

/** @param {Record<string, string>} entries */
function filterOfEntries(entries) {
  const parts = OLD.map((name) => (entries[name] && QUICK[name] ? QUICK[name].part(entries[name]) : null)).filter(Boolean);
  return treeOf([...partsOf(parsed(entries.filter)), ...parts]);
}

/** @param {string | undefined} text */
function parsed(text) {
  try {
    const tree = text ? JSON.parse(text) : null;
    return tree && typeof tree === "object" && !Array.isArray(tree) ? tree : null;
  } catch {
    return null;
  }
}

/** @param {string} field @param {(value: string) => any} read @returns {(text: string) => any} */
const oneOf = (field, read) => (text) =>
  joined(listOf(text).map((value) => (value === "none" ? { field, op: "empty", value: true } : { field, op: "in", value: [read(value)] })));

/** @param {string} op @returns {(text: string) => any} */
const amount = (op) => (text) => (text !== "" && Number.isFinite(Number(text)) ? { field: "revenue", op, value: Number(text) } : null);

/** "w90": within 90 days, "n90": not, "never". @param {string} field @returns {(choice: string) => any} */
const days = (field) => (choice) => {
  if (choice === "never") return { field, op: "empty", value: true };
  const count = Number(choice.slice(1));
  if (!choice || !Number.isInteger(count)) return null;
  return { field, op: choice.startsWith("w") ? "within_days" : "not_within_days", value: count };
};

/** Choices of a few words, as older links know them. @type {Record<string, {field: string, part: (text: string) => any}>} */
export const QUICK = {
  segment: { field: "segment", part: oneOf("segment", String) },
  territory: { field: "territory", part: oneOf("territory", Number) },
  owner: { field: "owner", part: oneOf("owner", Number) },
  revenue_from: { field: "revenue", part: amount("gte") },
  revenue_to: { field: "revenue", part: amount("lte") },
  order: { field: "last_order", part: days("last_order") },
  visit: { field: "last_visit", part: days("last_visit") },
  point: {
    field: "trustworthy",
    part: (choice) =>
      choice === "coarse"
        ? { field: "grade", op: "not_in", value: ["rooftop", "interpolated", "street"] }
        : { field: "trustworthy", op: "eq", value: choice === "good" },
  },
  list: { field: "trustworthy", part: (choice) => (choice === "unplaced" ? { field: "trustworthy", op: "eq", value: false } : null) },
  name: { field: "name", part: (text) => (text ? { field: "name", op: "contains", value: text } : null) },
};
