// @ts-check
/** What the page shows, kept in the address, so that a link or "back" brings it again. */

/** @returns {Record<string, string>} */
export function readState() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/**
 * Change some entries; null, undefined, "" and [] remove one. Arrays are joined with commas.
 * @param {Record<string, string | number | boolean | Array<string | number> | null | undefined>} changes
 * @param {{push?: boolean}} [options] push: a step that "back" undoes
 */
export function writeState(changes, options = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    if (text === "") query.delete(name);
    else query.set(name, text);
  }
  // Commas and slashes may stand in a query and read better than %2C.
  const search = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  const address = location.pathname + (search ? `?${search}` : "") + location.hash;
  if (address === location.pathname + location.search + location.hash) return;
  history[options.push ? "pushState" : "replaceState"](null, "", address);
}

/** Values of a comma list. @param {string | undefined} text @returns {string[]} */
export function listOf(text) {
  return text ? text.split(",").filter(Boolean) : [];
}

/** @param {(state: Record<string, string>) => void} listener on "back" and "forward" */
export function onStateChange(listener) {
  addEventListener("popstate", () => listener(readState()));
}

/**
 * Keep a map's view as ?at=zoom/lat/lon. Call with the map that createMap gave.
 * @param {any} map
 */
export function keepView(map) {
  map.on("moveend", () => {
    const { lng, lat } = map.getCenter();
    writeState({ at: `${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}` });
  });
}

/** The view in the address. @returns {{center: [number, number], zoom: number} | null} */
export function readView() {
  const [zoom, lat, lon] = (readState().at ?? "").split("/").map(Number);
  const valid = [zoom, lat, lon].every(Number.isFinite) && Math.abs(lat) <= 90;
  return valid ? { center: [lon, lat], zoom } : null;
}
