// @ts-check
/** Circles on the ground, for how far off a point may be. */

export const EARTH_RADIUS_M = 6_371_008.8;
const CORNERS = 64;
const DEGREE = Math.PI / 180;

/**
 * A circle as a GeoJSON polygon.
 * @param {[number, number]} centre lon, lat
 * @param {number} radiusM
 * @param {Record<string, unknown>} [properties]
 */
export function circle([lon, lat], radiusM, properties = {}) {
  const ring = Array.from({ length: CORNERS + 1 }, (_, i) => {
    const angle = (i / CORNERS) * 2 * Math.PI;
    const dLat = (radiusM * Math.sin(angle)) / EARTH_RADIUS_M / DEGREE;
    const dLon = (radiusM * Math.cos(angle)) / (EARTH_RADIUS_M * Math.cos(lat * DEGREE)) / DEGREE;
    return [lon + dLon, lat + dLat];
  });
  return { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [ring] } };
}

/**
 * The box around circles. @param {Array<{lon: number, lat: number, radius_m?: number | null}>} places
 * @returns {[number, number, number, number]} west, south, east, north
 */
export function boxAround(places) {
  const rings = places.map((one) => circle([one.lon, one.lat], one.radius_m ?? 0).geometry.coordinates[0]);
  const [lons, lats] = [rings.flat().map(([lon]) => lon), rings.flat().map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** Great-circle distance. @param {[number, number]} a lon, lat @param {[number, number]} b */
export function distanceM(a, b) {
  const half = (/** @type {number} */ x, /** @type {number} */ y) => Math.sin(((x - y) * DEGREE) / 2) ** 2;
  const h = half(a[1], b[1]) + Math.cos(a[1] * DEGREE) * Math.cos(b[1] * DEGREE) * half(a[0], b[0]);
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}
