// @ts-check
/**
 * Streets of region packs below everything that a page draws. A pack becomes a source when its area
 * is near and the map close enough; while it is out of sight it is not drawn and not credited.
 */
import { getJson } from "./api.js";
import { onThemeChange } from "./theme.js";
import { MAX_ZOOM, MIN_ZOOM, SLOTS, streetLayers } from "./streets_style.js";

/** Fills and lines of packs go below this layer. */
export const STREETS = "base-streets";
const NAMES_ZOOM = 11;
const PLACES = ["city", "town", "village", "suburb", "quarter", "hamlet", "neighbourhood", "island"];
/** The world's borders hold about a kilometre; among streets they would mislead. */
const FADING = ["interpolate", ["linear"], ["zoom"], 10.5, 1, 12.5, 0];

/** @typedef {{folder: string, url: string, box: [number, number, number, number], attribution: string, data_date: string | null}} Pack */

/** @typedef {{shapes: string, names: string, towns: string}} Anchors the layers below which things go */

/** @type {Promise<Pack[]> | undefined} */
let asked;

/**
 * Draw the packs of the installation on a map, as far as they are in view.
 * @param {any} map
 * @param {{labels: string[], above: string, borders: string[]}} world its layers of names, from below to
 *   above, which step back where a pack names the same place, the layer above them, and its borders
 */
export async function addStreets(map, world) {
  let gone = false;
  map.once("remove", () => (gone = true));
  // A page that cannot ask, such as one without the network, keeps the world's map.
  asked ??= getJson("/basemap/packs.json", { quiet: true }).catch(() => []);
  const packs = await asked;
  if (gone || !packs.length) return;
  const kept = new Map(world.labels.filter((id) => map.getLayer(id)?.type === "symbol").map((id) => [id, map.getFilter(id)]));
  const borders = world.borders.filter((id) => map.getLayer(id));
  const anchors = { shapes: STREETS, names: world.labels[0], towns: map.getLayer(world.above) ? world.above : world.labels[0] };
  const follow = () => {
    const near = packs.map((pack) => map.getZoom() >= MIN_ZOOM - 0.5 && isNear(map, pack.box));
    packs.forEach((pack, index) => show(map, pack, index, packs.length, near[index], anchors));
    for (const id of borders) setPaint(map, id, "line-opacity", near.some(Boolean) ? FADING : 1);
  };
  map.on("moveend", follow);
  map.on("idle", () => yieldNames(map, kept, packs.length));
  map.once("remove", onThemeChange(() => packs.forEach((_, index) => repaint(map, index))));
  follow();
}

/** @param {any} map @param {Pack} pack @param {number} index @param {number} count of packs @param {boolean} near @param {Anchors} anchors */
function show(map, pack, index, count, near, anchors) {
  const source = sourceOf(index);
  if (!map.getSource(source)) {
    if (near) add(map, pack, index, count, anchors);
    return;
  }
  const visibility = near ? "visible" : "none";
  for (const slot of SLOTS) {
    const id = `${source}-${slot}`;
    if (map.getLayoutProperty(id, "visibility") !== visibility) map.setLayoutProperty(id, "visibility", visibility);
  }
}

/** @param {any} map @param {Pack} pack @param {number} index @param {number} count of packs @param {Anchors} anchors */
function add(map, pack, index, count, anchors) {
  const source = sourceOf(index);
  // Not by the archive's own description: it names only the layers that this pack has.
  const tiles = [`pmtiles://${location.origin}${pack.url}/{z}/{x}/{y}`];
  map.addSource(source, { type: "vector", tiles, minzoom: MIN_ZOOM, maxzoom: MAX_ZOOM, attribution: credit(pack.attribution) });
  streetLayers(source).forEach((layer, slot) => {
    // All packs' ground lies below all packs' roads, so that where two overlap neither hides the other.
    const above = firstAbove(map, slot, count);
    map.addLayer({ ...layer, layout: { ...layer.layout, visibility: "visible" } }, above ?? anchors[anchorOf(slot)]);
  });
}

/** The lowest layer of any pack in a later slot with the same anchor. @param {any} map @param {number} slot @param {number} count */
function firstAbove(map, slot, count) {
  for (let later = slot + 1; later < SLOTS.length && anchorOf(later) === anchorOf(slot); later += 1) {
    for (let index = 0; index < count; index += 1) {
      const id = `${sourceOf(index)}-${SLOTS[later]}`;
      if (map.getLayer(id)) return id;
    }
  }
  return null;
}

/** Towns stand among the world's names, other names below them. @param {number} slot @returns {keyof Anchors} */
function anchorOf(slot) {
  if (SLOTS[slot] === "towns") return "towns";
  return slot >= SLOTS.indexOf("numbers") ? "names" : "shapes";
}

/** @param {any} map @param {number} index */
function repaint(map, index) {
  for (const { id, paint } of streetLayers(sourceOf(index))) {
    if (!map.getLayer(id)) return;
    for (const [property, value] of Object.entries(paint)) map.setPaintProperty(id, property, value);
  }
}

/**
 * Where a pack names a place, the world's name for it, which lies a little elsewhere, steps back.
 * @param {any} map @param {Map<string, any>} kept the filters that the world's layers have by themselves @param {number} count
 */
function yieldNames(map, kept, count) {
  /** @type {Set<string>} */
  const known = new Set();
  for (let index = 0; index < count && map.getZoom() >= NAMES_ZOOM; index += 1) {
    const source = sourceOf(index);
    if (!map.getSource(source) || map.getLayoutProperty(`${source}-towns`, "visibility") === "none") continue;
    const filter = ["in", ["get", "kind"], ["literal", PLACES]];
    for (const { properties } of map.querySourceFeatures(source, { sourceLayer: "names", filter })) {
      for (const name of [properties.name, properties.name_en]) if (name) known.add(name);
    }
  }
  const names = ["literal", [...known].sort()];
  const own = ["any", ["in", ["get", "name"], names], ["in", ["coalesce", ["get", "name_id"], ""], names]];
  for (const [layer, filter] of kept) {
    const wanted = known.size ? ["all", filter, ["!", own]] : filter;
    if (JSON.stringify(map.getFilter(layer)) !== JSON.stringify(wanted)) map.setFilter(layer, wanted);
  }
}

/** @param {any} map @param {string} layer @param {string} property @param {any} value */
function setPaint(map, layer, property, value) {
  const now = map.getPaintProperty(layer, property) ?? 1;
  if (JSON.stringify(now) !== JSON.stringify(value)) map.setPaintProperty(layer, property, value);
}

/** @param {number} index */
const sourceOf = (index) => `streets-${index}`;

/** Whether the view touches the box; a view may lie beyond the antimeridian. @param {any} map @param {number[]} box */
function isNear(map, [west, south, east, north]) {
  const bounds = map.getBounds();
  if (bounds.getSouth() > north || bounds.getNorth() < south) return false;
  return [-360, 0, 360].some((turn) => bounds.getWest() <= east + turn && bounds.getEast() >= west + turn);
}

/** The attribution as markup, which is what the map's control takes. @param {string} words */
function credit(words) {
  const link = document.createElement("a");
  link.textContent = words;
  if (!words.includes("OpenStreetMap")) return link.innerHTML;
  link.href = "https://www.openstreetmap.org/copyright";
  link.target = "_blank";
  link.rel = "noopener";
  return link.outerHTML;
}
