// @ts-check
/** Boundary units or territories, coloured by classes of their figures. */
import { getJson } from "../lib/api.js";
import { LABELS } from "../lib/basemap.js";
import { language } from "../lib/i18n.js";
import { onThemeChange, token } from "../lib/theme.js";
import { rampOf } from "./map_colours.js";
import { DIMMED } from "./map_hexagons.js";

/** Answers by question, as long as the page stands. @type {Map<string, Promise<any>>} */
const known = new Map();

/**
 * Figures of the regions of a layer, of "territories" or of "segments".
 * @param {string} layer @param {any} state @returns {Promise<any>}
 */
export function fetchRegions(layer, state) {
  const filter = state.filter ? JSON.stringify(state.filter) : "";
  const query = { layer, filter, measure: state.measure, share: state.share, classes: state.classes };
  const key = JSON.stringify(query);
  const found = known.get(key) ?? getJson("/api/v1/accounts/regions", { query });
  known.set(key, found);
  found.catch(() => known.delete(key));
  if (known.size > 20) known.delete([...known.keys()][0]);
  return found;
}

/** After customers were changed: ask again. */
export const forgetRegions = () => known.clear();

/**
 * What regions there are to choose from, the likeliest first: territories, a country's own division,
 * the world's. @param {{territories: any[], layers: any[]}} page @returns {string[]}
 */
export function regionCodes({ territories, layers }) {
  const codes = layers.map((one) => one.code);
  codes.sort((a, b) => Number(a.startsWith("wld-")) - Number(b.startsWith("wld-")));
  return territories.length ? ["territories", ...codes] : codes;
}

/** The name of a region in the page's language. @param {any} region */
export const nameOf = (region) => (language === "id" && region.name_id) || region.name;

/** The class of a value. @param {number} value @param {number[]} breaks */
export const classOf = (value, breaks) => breaks.filter((at) => at <= value).length;

/**
 * @param {any} map @param {{layers: Array<{code: string, by: string}>}} page
 * @param {(state: any, figures: any) => void} onFigures
 */
export function createRegions(map, page, onFigures) {
  /** @type {any} */
  let state = null;
  /** @type {any} */
  let found = null;
  /** The region of each shape. @type {Map<string | number, any>} */
  let byCode = new Map();
  let drawn = "";
  map.once("remove", onThemeChange(() => state && paint()));

  async function load(/** @type {any} */ wanted) {
    const answer = await fetchRegions(wanted.regions, wanted).catch(() => null);
    if (state !== wanted) return;
    if (!answer) return onFigures(state, { kind: "lost", what: "regions" });
    found = answer;
    byCode = new Map(found.items.filter((/** @type {any} */ one) => one.code !== null).map((/** @type {any} */ one) => [one.code, one]));
    draw(found.level);
    paint();
  }

  /** @param {string | null} level */
  function draw(level) {
    const territories = state.regions === "territories";
    const id = level ? `regions-${territories ? "territories" : level}` : "";
    if (drawn && drawn !== id) hide(drawn);
    drawn = id;
    if (!level) return;
    if (!map.getSource(id)) {
      const path = territories ? "/tiles/territories/{z}/{x}/{y}.mvt" : `/tiles/boundaries/${encodeURIComponent(level)}/{z}/{x}/{y}.mvt`;
      const [attribution] = (page.layers.find((one) => one.code === level)?.by ?? "").split(", ");
      map.addSource(id, { type: "vector", tiles: [location.origin + path], maxzoom: 12, attribution, promoteId: "code" });
      const from = { source: id, "source-layer": territories ? "territories" : "boundaries" };
      map.addLayer({ id, type: "fill", ...from, paint: { "fill-color": "transparent" } }, LABELS);
      map.addLayer({ id: `${id}-line`, type: "line", ...from, paint: { "line-width": ["case", ["boolean", ["feature-state", "hover"], false], 2.5, 0.7] } }, LABELS);
    }
    for (const layer of [id, `${id}-line`]) map.setLayoutProperty(layer, "visibility", "visible");
  }

  /** @param {string} id */
  function hide(id) {
    for (const layer of [id, `${id}-line`]) if (map.getLayer(layer)) map.setLayoutProperty(layer, "visibility", "none");
  }

  function paint() {
    if (!found) return;
    const colours = rampOf(found.classes.sizes.length || 1);
    const colourOf = (/** @type {any} */ one) => colours[classOf(one.value, found.classes.breaks)];
    const inFocus = (/** @type {any} */ one) => !state.focus.length || state.focus.includes(String(one.code));
    if (drawn) {
      const by = (/** @type {(one: any) => any} */ of, /** @type {any} */ otherwise) =>
        byCode.size ? ["match", ["get", "code"], ...[...byCode].flatMap(([code, one]) => [code, of(one)]), otherwise] : otherwise;
      map.setPaintProperty(drawn, "fill-color", by(colourOf, "transparent"));
      map.setPaintProperty(drawn, "fill-opacity", by((one) => (inFocus(one) ? 0.78 : DIMMED), 0));
      map.setPaintProperty(`${drawn}-line`, "line-color", ["case", ["boolean", ["feature-state", "hover"], false], token("--ink"), token("--map-border-1")]);
    }
    const rows = found.items.map((/** @type {any} */ one) => ({ ...one, key: String(one.code ?? "none"), label: nameOf(one), colour: one.code === null ? null : colourOf(one) }));
    onFigures(state, { kind: "rows", what: "regions", by: state.regions, rows, rounded: found.rounded, classes: found.classes, colours, undrawn: !found.level });
  }

  return {
    /** @param {any} next the state of the view; null hides the regions */
    show(next) {
      const before = state;
      state = next;
      if (state) return load(state);
      if (before && drawn) hide(drawn);
      drawn = "";
      return Promise.resolve();
    },
    /** The layer that is drawn, for pointing at it. */
    layer: () => drawn,
    /** The figures of a shape. @param {string | number} code */
    of: (code) => byCode.get(code),
  };
}
