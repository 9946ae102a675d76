// @ts-check
/** What the map page shows: filter, colours, borders. Kept in the address; told to the server. */
import { listOf, readState, writeState } from "../lib/url_state.js";
import { treeOf, withValues } from "./map_filter_tree.js";

/** @typedef {import("./map_filter_tree.js").Tree} Tree */

/**
 * @typedef {object} MapState
 * @property {Tree | null} filter null for everybody
 * @property {"segment" | "territory"} colour
 * @property {string[]} borders codes of boundary layers
 * @property {number | null} view the saved view it came from
 */

/** @type {Omit<MapState, "view">} */
export const FRESH = { filter: null, colour: "segment", borders: [] };

/** @returns {MapState} */
export function stateOfAddress() {
  const state = readState();
  return {
    filter: state.filter ? treeIn(state.filter) : olderFilter(state),
    colour: state.colour === "territory" ? "territory" : "segment",
    borders: listOf(state.borders),
    view: Number(state.view) || null,
  };
}

/** @param {MapState} state @param {{push?: boolean}} [options] */
export function keepState(state, options) {
  writeState(
    {
      filter: filterOf(state),
      colour: state.colour === "segment" ? null : state.colour,
      borders: state.borders,
      view: state.view,
      ...Object.fromEntries(OLDER.map((name) => [name, null])),
    },
    options,
  );
}

/** The filter in the server's language, or "" for everybody. @param {MapState} state */
export function filterOf(state) {
  return textOf(state.filter);
}

/** The same without the condition on one field. @param {MapState} state @param {string} field */
export function filterWithout(state, field) {
  return textOf(withValues(state.filter, field, []));
}

/** @param {Tree | null} tree */
const textOf = (tree) => (tree ? JSON.stringify(tree) : "");

/** @param {string} text @returns {Tree | null} */
function treeIn(text) {
  try {
    const tree = JSON.parse(text);
    return tree && typeof tree === "object" && !Array.isArray(tree) ? tree : null;
  } catch {
    return null;
  }
}

// Addresses of before had a parameter for each field; other pages and kept links still use them.
const OLDER = ["segment", "territory", "owner", "point"];

/** @param {Record<string, string>} state @returns {Tree | null} */
function olderFilter(state) {
  const ids = (/** @type {string | undefined} */ text) => listOf(text).map((one) => (one === "none" ? one : Number(one)));
  let tree = treeOf([pointOf(state.point)]);
  tree = withValues(tree, "segment", listOf(state.segment));
  tree = withValues(tree, "territory", ids(state.territory));
  return withValues(tree, "owner", ids(state.owner));
}

/** @param {string | undefined} choice @returns {Tree | null} */
function pointOf(choice) {
  if (choice === "coarse") return { field: "grade", op: "not_in", value: ["rooftop", "interpolated", "street"] };
  return choice ? { field: "trustworthy", op: "eq", value: choice === "good" } : null;
}
