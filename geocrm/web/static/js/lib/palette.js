// @ts-check
/**
 * Colours of categories: 48 that stay apart for people with normal sight, deuteranopia, protanopia
 * and tritanopia. The first ones are the farthest apart, so take them in order. The same colours
 * are CSS variables --cat-1 ... --cat-48 (css/tokens.css).
 */

/** @type {readonly string[]} */
export const CATEGORY_COLOURS = Object.freeze([
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9",
  "#882048", "#b0c8a8", "#503898", "#806070", "#9878e8", "#b03828",
  "#00d8e0", "#88b078", "#c8a0b0", "#704070", "#e0c068", "#506840",
  "#a04898", "#788840", "#4050b8", "#a89848", "#987098", "#7898d0",
  "#6880c0", "#006810", "#8068d0", "#c87060", "#a8b858", "#88c0f8",
  "#b088f8", "#a84858", "#884880", "#e08018", "#684898", "#a06860",
  "#90d888", "#782078", "#f8a0c8", "#884058", "#588078", "#98c088",
  "#c0c830", "#506898", "#a02800", "#c09090", "#707840", "#b08088",
]);

/** Colour of what belongs to no category. */
export const UNASSIGNED_COLOUR = "#9aa5a2";

/** Light to dark, one hue; for densities and amounts. @type {readonly string[]} */
export const SEQUENTIAL_COLOURS = Object.freeze([
  "#e1f0ee", "#b5dad6", "#82bfba", "#4fa39d", "#23857f", "#0b6b66", "#075450",
]);

/** Below - at - above the ideal; for deviations. @type {readonly string[]} */
export const DIVERGING_COLOURS = Object.freeze([
  "#8c510a", "#c98e3c", "#ecd9b0", "#eef0ee", "#b3d9d4", "#4fa39d", "#0b6b66",
]);

/**
 * Colour number `index`; beyond the last one they begin again.
 * @param {number} index
 * @returns {string}
 */
export function colourAt(index) {
  const count = CATEGORY_COLOURS.length;
  return CATEGORY_COLOURS[((index % count) + count) % count];
}

/**
 * One colour per id. With neighbours given, an area never gets the colour of one beside it, and
 * gets one far from theirs. The same input gives the same colours.
 * @param {Array<string|number>} ids
 * @param {Map<string|number, Iterable<string|number>>} [neighbours]
 * @returns {Map<string|number, string>}
 */
export function assignColours(ids, neighbours) {
  const result = new Map();
  ids.forEach((id, index) => {
    const beside = [...(neighbours?.get(id) ?? [])].map((n) => result.get(n)).filter(Boolean);
    result.set(id, beside.length ? farthestFrom(beside, [...result.values()]) : colourAt(index));
  });
  return result;
}

/**
 * Black or white text, whichever reads better on the colour.
 * @param {string} colour "#rrggbb"
 * @returns {string}
 */
export function inkOn(colour) {
  const [r, g, b] = linearChannels(colour);
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  // 0.179: where white and black have the same WCAG contrast.
  return luminance > 0.179 ? "#10201e" : "#ffffff";
}

/** @param {string[]} beside @param {string[]} used */
function farthestFrom(beside, used) {
  let best = CATEGORY_COLOURS[0];
  let bestScore = -Infinity;
  for (const candidate of CATEGORY_COLOURS) {
    const nearest = Math.min(...beside.map((colour) => distance(candidate, colour)));
    const uses = used.filter((colour) => colour === candidate).length;
    const score = Math.min(nearest, 0.25) - uses * 0.2;
    if (nearest > 0 && score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** @param {string} colour @returns {[number, number, number]} */
function linearChannels(colour) {
  const channel = (/** @type {number} */ at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** Distance in OKLab (Ottosson 2020). @param {string} first @param {string} second */
function distance(first, second) {
  const [a, b] = [oklab(first), oklab(second)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** @param {string} colour */
function oklab(colour) {
  const [r, g, b] = linearChannels(colour);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
  ];
}
