// @ts-check
/** What the pointer is on: at most one look a frame, none while the map moves. */
import { openPopup } from "../lib/basemap.js";
import { glance } from "./map_record.js";

/**
 * @param {any} map
 * @param {object} options
 * @param {() => string[]} options.layers those that can be pointed at
 * @param {() => any} options.colours of segments, and names
 * @param {() => string} options.cursor while nothing is under the pointer
 * @param {() => boolean} options.busy drawing or choosing a place: nothing lights up
 * @param {(feature: any | null) => void} options.onPoint
 */
export function bindPointing(map, { layers, colours, cursor, busy, onPoint }) {
  let frame = 0;
  /** @type {any} */
  let last = null;
  /** @type {any} */
  let popup = null;
  let pointed = "";

  const look = () => {
    frame = 0;
    if (!last || map.isMoving()) return;
    const [feature] = busy() ? [] : map.queryRenderedFeatures(last, { layers: layers() });
    map.getCanvas().style.cursor = feature ? "pointer" : cursor();
    show(feature ?? null);
  };

  /** @param {any} feature */
  function show(feature) {
    const key = feature ? JSON.stringify([feature.properties.id ?? feature.properties.stack ?? null, feature.geometry.coordinates, feature.properties.point_count]) : "";
    if (key === pointed) return;
    pointed = key;
    popup?.remove();
    popup = null;
    onPoint(feature);
    if (!feature) return;
    popup = openPopup(map, feature.geometry.coordinates, glance(feature.properties, colours()), { closeButton: false, closeOnClick: false, focusAfterOpen: false, className: "map-hover" });
  }

  map.on("mousemove", (/** @type {any} */ event) => {
    last = event.point;
    frame ||= requestAnimationFrame(look);
  });
  const leave = () => {
    last = null;
    show(null);
  };
  map.on("mouseout", leave);
  map.on("movestart", () => show(null));
}
