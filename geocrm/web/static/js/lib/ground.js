// @ts-check
/** Distances on the ground as shapes for a map. */

const EARTH_RADIUS_M = 6_371_008.8;

/** @typedef {[number, number]} LonLat */

/** A circle on the ground as a polygon. @param {LonLat} centre @param {number} radiusM */
export function circle([lon, lat], radiusM) {
  const ring = Array.from({ length: 65 }, (_, i) => {
    const angle = (i / 64) * 2 * Math.PI;
    const dLat = degrees((radiusM * Math.sin(angle)) / EARTH_RADIUS_M);
    const dLon = degrees((radiusM * Math.cos(angle)) / (EARTH_RADIUS_M * Math.cos((lat * Math.PI) / 180)));
    return [lon + dLon, lat + dLat];
  });
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** The box around a circle: west, south, east, north. @param {LonLat} centre @param {number} radiusM @returns {[number, number, number, number]} */
export function boxAround(centre, radiusM) {
  const ring = circle(centre, radiusM).geometry.coordinates[0];
  const xs = ring.map(([x]) => x);
  const ys = ring.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * The box around circles or points: west, south, east, north.
 * @param {Array<{lon: number, lat: number, radius_m?: number | null}>} places
 * @returns {[number, number, number, number]}
 */
export function boxAroundAll(places) {
  const boxes = places.map((one) => boxAround([one.lon, one.lat], one.radius_m ?? 0));
  const side = (/** @type {0 | 1 | 2 | 3} */ at) => boxes.map((box) => box[at]);
  return [Math.min(...side(0)), Math.min(...side(1)), Math.max(...side(2)), Math.max(...side(3))];
}

/** Great-circle distance in metres. @param {LonLat} a @param {LonLat} b */
export function distanceM(a, b) {
  const radians = (/** @type {number} */ degree) => (degree * Math.PI) / 180;
  const half = (/** @type {number} */ x, /** @type {number} */ y) => Math.sin(radians(x - y) / 2) ** 2;
  const h = half(a[1], b[1]) + Math.cos(radians(a[1])) * Math.cos(radians(b[1])) * half(a[0], b[0]);
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** @param {number} radians */
const degrees = (radians) => (radians * 180) / Math.PI;

/** The smallest box around the shapes of all features. @param {{geometry: {coordinates: any}}[]} features @returns {[number, number, number, number]} */
export function boxAroundShapes(features) {
  /** @type {[number, number, number, number]} */
  const found = [180, 90, -180, -90];
  /** @param {any} part */
  const walk = (part) => {
    if (typeof part[0] !== "number") return part.forEach(walk);
    found[0] = Math.min(found[0], part[0]);
    found[1] = Math.min(found[1], part[1]);
    found[2] = Math.max(found[2], part[0]);
    found[3] = Math.max(found[3], part[1]);
  };
  for (const one of features) walk(one.geometry.coordinates);
  return found;
}
