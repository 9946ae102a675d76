// @ts-check
/** The ground that the filters are about: circles, saved areas and shapes of their conditions, outlined. */
import { getJson } from "../lib/api.js";
import { LABELS } from "../lib/basemap.js";
import { circle } from "../lib/ground.js";
import { onThemeChange, token } from "../lib/theme.js";

const SOURCE = "filter-ground";

/** @param {any} map */
export function createFilterGround(map) {
  /** Outlines of saved areas, as long as the page stands. @type {Map<number, Promise<any>>} */
  const known = new Map();
  let shown = "[]";
  addLayers(map);

  /** @param {number} id */
  function areaOf(id) {
    const found = known.get(id) ?? getJson(`/api/v1/areas/${id}`, { quiet: true }).then((area) => featureOf(area.geometry));
    known.set(id, found);
    // An area that is gone, or not the asker's, has no outline; the filter says so itself.
    return found.catch(() => (known.delete(id), null));
  }

  /** @param {any} condition on the location @returns {Promise<any>[]} */
  function outlinesOf({ op, value }) {
    if (op.endsWith("in_area")) return value.map(areaOf);
    return [Promise.resolve(op.endsWith("near") ? circle([value.lon, value.lat], value.radius_m) : featureOf(value))];
  }

  return {
    /** @param {any} tree of the filter language, or null */
    async show(tree) {
      const wanted = locationsOf(tree);
      const text = JSON.stringify(wanted);
      if (text === shown) return;
      shown = text;
      const features = await Promise.all(wanted.flatMap(outlinesOf));
      if (text === shown) map.getSource(SOURCE).setData({ type: "FeatureCollection", features: features.filter(Boolean) });
    },
  };
}

/** Every condition on the location, however deep. @param {any} part @returns {any[]} */
function locationsOf(part) {
  if (!part) return [];
  if (part.field === "location") return [part];
  return [...(part.and ?? []), ...(part.or ?? []), ...(part.not ? [part.not] : [])].flatMap(locationsOf);
}

/** @param {any} geometry */
const featureOf = (geometry) => ({ type: "Feature", properties: {}, geometry });

/** @param {any} map */
function addLayers(map) {
  map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({ id: SOURCE, type: "line", source: SOURCE, layout: { "line-join": "round" }, paint: { "line-width": 1.5, "line-dasharray": [3, 2] } }, LABELS);
  const paint = () => map.setPaintProperty(SOURCE, "line-color", token("--accent"));
  paint();
  map.once("remove", onThemeChange(paint));
}
