// @ts-check
/** The territories of a plan on the map: each unit filled with the colour of its territory. */
import { LABELS } from "../lib/basemap.js";
import { colourAt, UNASSIGNED_COLOUR } from "../lib/palette.js";
import { onThemeChange, token } from "../lib/theme.js";
import { NONE } from "./territory_state.js";

const SOURCE = "units";
const NOTHING = "rgba(0,0,0,0)";
const PART = { source: SOURCE, "source-layer": "boundaries" };
/** What an outline says; the number is the state of a feature. */
export const FLAG = { none: 0, marked: 1, apart: 2, theirs: 3, found: 4, selected: 5 };

/**
 * @param {any} map
 * @param {string} level
 * @param {import("./territory_state.js").PlanState} state
 */
export function drawTerritories(map, level, state) {
  addLayers(map, level);
  const key = { source: SOURCE, sourceLayer: "boundaries", id: "" };
  /** @type {Map<keyof typeof FLAG, Set<number>>} */
  const flagged = new Map();
  let hovered = -1;
  for (let u = 0; u < state.n; u += 1) paintUnit(u);
  onThemeChange(() => colourLines(map));

  /** @param {number} u */
  function paintUnit(u) {
    const home = state.home[u];
    const territory = state.territories.get(home);
    key.id = state.code(u);
    map.setFeatureState(key, {
      colour: territory ? colourAt(territory.colour) : UNASSIGNED_COLOUR,
      home,
      pending: state.pending[u] === 1,
    });
  }

  /** @param {number} u @param {Record<string, unknown>} values */
  function set(u, values) {
    key.id = state.code(u);
    map.setFeatureState(key, values);
  }

  /** Why a unit is outlined, when it is for another reason too. @param {number} u */
  function flagOf(u) {
    for (const [kind, units] of flagged) if (units.has(u)) return FLAG[kind];
    return FLAG.none;
  }

  return {
    /** Draw some units anew. @param {ArrayLike<number>} units */
    paint(units) {
      for (let i = 0; i < units.length; i += 1) paintUnit(units[i]);
    },
    paintAll() {
      for (let u = 0; u < state.n; u += 1) paintUnit(u);
    },
    /** Dim everything else; null shows all. @param {number | null} number */
    focus(number) {
      const others = number === null ? false : ["!=", ["feature-state", "home"], number];
      map.setPaintProperty("unit-fill", "fill-opacity", opacity(others));
    },
    /** Outline units for a reason; the ones outlined for it before are not any more. @param {keyof typeof FLAG} kind @param {ArrayLike<number>} units */
    flag(kind, units) {
      const before = flagged.get(kind) ?? new Set();
      const now = new Set(Array.from(units));
      flagged.set(kind, now);
      for (const u of before) if (!now.has(u)) set(u, { flag: flagOf(u) });
      for (const u of now) if (!before.has(u)) set(u, { flag: FLAG[kind] });
    },
    /** @param {number} u of a unit, -1 for none */
    hover(u) {
      if (u === hovered) return;
      if (hovered >= 0) set(hovered, { hover: false });
      hovered = u;
      if (u >= 0) set(u, { hover: true });
    },
    /** The unit at a point of the canvas, -1 where none of the plan is. @param {[number, number]} point */
    unitAt(point) {
      const [found] = map.queryRenderedFeatures(point, { layers: ["unit-fill"] });
      return found ? (state.row.get(found.properties.code) ?? -1) : -1;
    },
  };
}

const flag = (/** @type {string} */ name) => ["boolean", ["feature-state", name], false];
const OURS = ["!=", ["coalesce", ["feature-state", "colour"], ""], ""];
const UNASSIGNED = ["==", ["feature-state", "home"], NONE];

/** @param {any} dimmed an expression: whether a unit is not what one looks at */
function opacity(dimmed) {
  return ["case", ["!", OURS], 0, dimmed, 0.12, flag("hover"), 0.88, UNASSIGNED, 0.3, 0.68];
}

/** @param {any} map @param {string} level */
function addLayers(map, level) {
  map.addSource(SOURCE, {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${level}/{z}/{x}/{y}.mvt`],
    maxzoom: 12,
    promoteId: { boundaries: "code" },
  });
  const below = map.getLayer(LABELS) ? LABELS : undefined;
  map.addLayer({
    id: "unit-fill",
    type: "fill",
    ...PART,
    paint: {
      "fill-color": ["to-color", ["coalesce", ["feature-state", "colour"], NOTHING]],
      "fill-opacity": opacity(false),
    },
  }, below);
  map.addLayer({ id: "unit-line", type: "line", ...PART }, below);
  map.addLayer({ id: "unit-flag", type: "line", ...PART, layout: { "line-join": "round" } }, below);
  colourLines(map);
}

/** @param {any} map */
function colourLines(map) {
  const outlined = ["coalesce", ["feature-state", "flag"], FLAG.none];
  const paint = {
    "unit-line": {
      "line-color": ["case", flag("pending"), token("--ink"), token("--surface")],
      "line-width": ["case", ["!", OURS], 0, flag("pending"), 1.2, 0.5],
      "line-opacity": ["case", flag("pending"), 0.9, 0.65],
    },
    "unit-flag": {
      "line-color": ["match", outlined, FLAG.apart, token("--bad"), FLAG.theirs, token("--info"), FLAG.found, token("--warn"), token("--ink")],
      "line-width": ["match", outlined, FLAG.none, 0, FLAG.selected, 1.2, 2.4],
    },
  };
  for (const [layer, values] of Object.entries(paint)) {
    for (const [name, value] of Object.entries(values)) map.setPaintProperty(layer, name, value);
  }
}

/** @typedef {{columns: {lon: number[], lat: number[]}}} Placed */

/** What lies around the point of a regency or county, in degrees. */
const WIDEST = 0.25;
const REGENCIES_ZOOM = 9;

/** @param {Placed} state @param {ArrayLike<number>} units @returns {[number, number, number, number]} */
function around({ columns }, units) {
  let [west, south, east, north] = [180, 90, -180, -90];
  for (let i = 0; i < units.length; i += 1) {
    const [lon, lat] = [columns.lon[units[i]], columns.lat[units[i]]];
    [west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)];
  }
  return [west, south, east, north];
}

/** How much ground lies around a unit's point: less the closer the points, down to cells of a city. @param {Placed} state */
function marginOf(state) {
  const { length } = state.columns.lon;
  if (length < 2) return WIDEST;
  const [west, south, east, north] = around(state, Array.from({ length }, (_, u) => u));
  const apart = Math.max(east - west, north - south) / Math.sqrt(length);
  return Math.min(WIDEST, Math.max(0.005, 0.75 * apart));
}

/** No closer than this, so that what lies beside is still seen. @param {Placed} state */
export const closestZoom = (state) => REGENCIES_ZOOM + Math.log2(WIDEST / marginOf(state));

/** The box around units' points, a little wider. @param {Placed} state @param {ArrayLike<number>} units @returns {[number, number, number, number]} */
export function boxOf(state, units) {
  const margin = marginOf(state);
  const [west, south, east, north] = around(state, units);
  return [west - margin, Math.max(-85, south - margin), east + margin, Math.min(85, north + margin)];
}
