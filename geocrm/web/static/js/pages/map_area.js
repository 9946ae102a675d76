// @ts-check
/** Drawn areas: simplified until an address can hold them, and written into it. */

/** @typedef {any} Area a GeoJSON Polygon or MultiPolygon */

export const MAX_CORNERS = 200;
const DIGITS = 5; // about a metre
const TILE = 512; // px the world is wide at zoom 0

/**
 * The area with at most `MAX_CORNERS` corners, and how far that is off.
 * The first try is off by less than a pixel of what the person saw while drawing.
 * @param {Area} area @param {number} zoom of the map
 * @returns {{area: Area, corners: number, before: number, offM: number}}
 */
export function simplified(area, zoom) {
  const before = cornersOf(area);
  const pixel = 360 / (TILE * 2 ** zoom);
  let tolerance = pixel / 2;
  let smaller = mapRings(area, (ring) => thinned(ring, tolerance));
  while (cornersOf(smaller) > MAX_CORNERS && tolerance < 90) {
    tolerance *= 1.6;
    smaller = mapRings(area, (ring) => thinned(ring, tolerance));
  }
  const rounded = mapRings(smaller, (ring) => ring.map(([lon, lat]) => [round(lon), round(lat)]));
  return { area: rounded, corners: cornersOf(rounded), before, offM: tolerance * 111_320 };
}

/** @param {Area} area */
export function cornersOf(area) {
  return ringsOf(area).flat().reduce((sum, ring) => sum + ring.length, 0);
}

/** West, south, east, north. @param {Area} area @returns {[number, number, number, number]} */
export function boxOf(area) {
  const positions = ringsOf(area).flat(2);
  const lons = positions.map(([lon]) => lon);
  const lats = positions.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** As an entry of the address: lon_lat,... with ; between rings and | between polygons. @param {Area | null} area */
export function areaText(area) {
  if (!area) return "";
  const ring = (/** @type {any[]} */ one) => one.slice(0, -1).map(([lon, lat]) => `${round(lon)}_${round(lat)}`).join(",");
  return ringsOf(area).map((polygon) => polygon.map(ring).join(";")).join("|");
}

/** The area of such an entry; null when it is none. @param {string | undefined} text @returns {Area | null} */
export function areaOfText(text) {
  if (!text) return null;
  const polygons = text.split("|").map((polygon) => polygon.split(";").map(ringOfText));
  if (!polygons.flat().every((ring) => ring.length >= 4 && ring.flat().every(Number.isFinite))) return null;
  return polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons };
}

/** @param {string} text @returns {number[][]} */
function ringOfText(text) {
  const ring = text.split(",").map((corner) => corner.split("_").map(Number));
  return ring.every((corner) => corner.length === 2) ? [...ring, ring[0]] : [];
}

/** @param {Area} area @returns {number[][][][]} */
function ringsOf(area) {
  return area.type === "MultiPolygon" ? area.coordinates : [area.coordinates];
}

/** @param {Area} area @param {(ring: number[][]) => number[][]} change @returns {Area} */
function mapRings(area, change) {
  const polygons = ringsOf(area).map((polygon) => polygon.map(change).filter((ring) => ring.length >= 4)).filter((polygon) => polygon.length);
  // What is smaller than the tolerance in every part stays as it was drawn.
  if (!polygons.length) return area;
  return area.type === "MultiPolygon" ? { type: area.type, coordinates: polygons } : { type: area.type, coordinates: polygons[0] };
}

/** @param {number} value */
const round = (value) => Number(value.toFixed(DIGITS));

/** A closed ring after Douglas and Peucker (1973), without recursion. @param {number[][]} ring @param {number} tolerance degrees @returns {number[][]} */
function thinned(ring, tolerance) {
  const far = farthest(ring, 0, ring.length - 1).at;
  const keep = new Set([0, far, ring.length - 1]);
  const spans = [[0, far], [far, ring.length - 1]];
  while (spans.length) {
    const [from, to] = /** @type {number[]} */ (spans.pop());
    const { at, distance } = farthest(ring, from, to);
    if (distance <= tolerance) continue;
    keep.add(at);
    spans.push([from, at], [at, to]);
  }
  return ring.filter((_, index) => keep.has(index));
}

/** The corner between two that lies farthest from the line through them. @param {number[][]} ring @param {number} from @param {number} to */
function farthest(ring, from, to) {
  const [ax, ay] = ring[from];
  const [bx, by] = ring[to];
  const length = Math.hypot(bx - ax, by - ay);
  let [at, distance] = [from, 0];
  for (let index = from + 1; index < to; index += 1) {
    const [x, y] = ring[index];
    const off = length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
    if (off > distance) [at, distance] = [index, off];
  }
  return { at, distance };
}
