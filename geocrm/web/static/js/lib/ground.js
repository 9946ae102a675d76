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

/** @param {number} radians */
const degrees = (radians) => (radians * 180) / Math.PI;
