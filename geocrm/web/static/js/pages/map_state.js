// @ts-check
/** What the map page shows: filters, colours, borders. Kept in the address; told to the server. */
import { formatMoney } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { listOf, readState, writeState } from "../lib/url_state.js";

/**
 * @typedef {object} MapState
 * @property {string[]} segments chosen in the legend; "none" for customers without one
 * @property {string} territory ids joined by commas, "none", or ""
 * @property {string} owner id or ""
 * @property {string} revenue_from
 * @property {string} revenue_to
 * @property {string} order a choice such as "w90", "n180" or "never"
 * @property {string} visit
 * @property {string} point "good", "weak", "coarse" or ""
 * @property {string} name
 * @property {"segment" | "territory"} colour
 * @property {string[]} borders codes of boundary layers
 * @property {any} layer
 * @property {any} size
 * @property {any} measure
 * @property {any} share
 * @property {string} regions
 * @property {any} classes
 * @property {string[]} focus
 */

export const FILTERS = /** @type {const} */ ([
  "territory", "owner", "revenue_from", "revenue_to", "order", "visit", "point", "name",
]);

/** What the layers show at first. */
const LAYERS = { layer: "points", size: "count", measure: "count", share: "A", regions: "", classes: "quantile" };

/** @returns {MapState} */
export function stateOfAddress() {
  const state = readState();
  const text = (/** @type {string} */ name) => state[name] ?? "";
  return {
    segments: listOf(state.segment),
    territory: text("territory"),
    owner: text("owner"),
    revenue_from: text("revenue_from"),
    revenue_to: text("revenue_to"),
    order: text("order"),
    visit: text("visit"),
    point: text("point"),
    name: text("name"),
    colour: state.colour === "territory" ? "territory" : "segment",
    borders: listOf(state.borders),
    .../** @type {any} */ (Object.fromEntries(Object.entries(LAYERS).map(([name, first]) => [name, state[name] ?? first]))),
    focus: listOf(state.focus),
  };
}

/** @param {MapState} state @param {{push?: boolean}} [options] */
export function keepState(state, options) {
  writeState(
    {
      ...Object.fromEntries(FILTERS.map((name) => [name, state[name]])),
      segment: state.segments,
      colour: state.colour === "segment" ? null : state.colour,
      borders: state.borders,
      ...Object.fromEntries(Object.entries(LAYERS).map(([name, first]) => [name, state[/** @type {keyof typeof LAYERS} */ (name)] === first ? null : state[/** @type {keyof typeof LAYERS} */ (name)]])),
      focus: state.focus,
    },
    options,
  );
}

/**
 * The filter in the server's language, or "" for everybody.
 * @param {MapState} state @param {{without?: "segments" | "territory"}} [options] leave one part out
 * @returns {string}
 */
export function filterOf(state, options = {}) {
  const parts = [
    options.without === "segments" ? null : segments(state.segments),
    options.without === "territory" ? null : territories(state.territory),
    state.owner && { field: "owner", op: "in", value: [Number(state.owner)] },
    amount("gte", state.revenue_from),
    amount("lte", state.revenue_to),
    days("last_order", state.order),
    days("last_visit", state.visit),
    point(state.point),
    state.name && { field: "name", op: "contains", value: state.name },
  ].filter(Boolean);
  return parts.length ? JSON.stringify({ and: parts }) : "";
}

/** @param {MapState} state */
export function isFiltered(state) {
  return filterOf(state) !== "";
}

/** @param {string[]} chosen */
function segments(chosen) {
  if (!chosen.length) return null;
  const named = chosen.filter((name) => name !== "none");
  const parts = [
    named.length ? { field: "segment", op: "in", value: named } : null,
    chosen.includes("none") ? { field: "segment", op: "empty", value: true } : null,
  ].filter(Boolean);
  return parts.length > 1 ? { or: parts } : parts[0];
}

/** @param {string} chosen */
function territories(chosen) {
  const ids = listOf(chosen).filter((id) => id !== "none").map(Number).filter(Number.isInteger);
  const parts = [
    ids.length ? { field: "territory", op: "in", value: ids } : null,
    listOf(chosen).includes("none") ? { field: "territory", op: "empty", value: true } : null,
  ].filter(Boolean);
  if (!parts.length) return null;
  return parts.length > 1 ? { or: parts } : parts[0];
}

/** @param {string} choice */
function point(choice) {
  if (choice === "coarse") return { field: "grade", op: "not_in", value: ["rooftop", "interpolated", "street"] };
  return choice ? { field: "trustworthy", op: "eq", value: choice === "good" } : null;
}

/** @param {"gte" | "lte"} op @param {string} text */
function amount(op, text) {
  const value = Number(text);
  return text && Number.isFinite(value) ? { field: "revenue", op, value } : null;
}

/** @param {string} field @param {string} choice "w90": within 90 days, "n90": not, "never" */
function days(field, choice) {
  if (choice === "never") return { field, op: "empty", value: true };
  const count = Number(choice.slice(1));
  if (!choice || !Number.isInteger(count)) return null;
  return { field, op: choice.startsWith("w") ? "within_days" : "not_within_days", value: count };
}

/**
 * The filters in words, each with the state that would be without it.
 * @param {MapState} state
 * @param {{territory: (id: string) => string, owner: (id: string) => string, choice: (field: string, value: string) => string}} names
 * @returns {Array<{words: string, without: Partial<MapState>}>}
 */
export function chipsOf(state, names) {
  const chips = [];
  if (state.segments.length) {
    const shown = state.segments.map((name) => (name === "none" ? t("no segment") : name)).join(", ");
    chips.push({ words: t("Segment {names}", { names: shown }), without: { segments: [] } });
  }
  for (const id of listOf(state.territory)) {
    const others = listOf(state.territory).filter((other) => other !== id).join(",");
    chips.push({ words: id === "none" ? t("In no territory") : names.territory(id), without: { territory: others } });
  }
  if (state.owner) chips.push({ words: t("Owner: {name}", { name: names.owner(state.owner) }), without: { owner: "" } });
  if (state.revenue_from) {
    const money = formatMoney(Number(state.revenue_from), { compact: true });
    chips.push({ words: t("Revenue from {money}", { money }), without: { revenue_from: "" } });
  }
  if (state.revenue_to) {
    const money = formatMoney(Number(state.revenue_to), { compact: true });
    chips.push({ words: t("Revenue up to {money}", { money }), without: { revenue_to: "" } });
  }
  if (state.order) chips.push({ words: t("Last order: {when}", { when: names.choice("order", state.order) }), without: { order: "" } });
  if (state.visit) chips.push({ words: t("Last visit: {when}", { when: names.choice("visit", state.visit) }), without: { visit: "" } });
  if (state.point) {
    const named = /** @type {Record<string, string>} */ ({ weak: t("No trustworthy point"), coarse: t("Not known to the street") });
    const words = named[state.point] ?? t("Trustworthy point");
    chips.push({ words, without: { point: "" } });
  }
  if (state.name) chips.push({ words: t("Name contains “{text}”", { text: state.name }), without: { name: "" } });
  return chips;
}
