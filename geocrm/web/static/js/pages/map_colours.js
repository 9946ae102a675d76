// @ts-check
/** Colours of what customers are coloured by, and the pictures of clusters: donuts of segments, else discs. */
import { CATEGORY_COLOURS, colourAt, UNASSIGNED_COLOUR } from "../lib/palette.js";
import { currentTheme, token } from "../lib/theme.js";

const RATIO = 2; // pictures are drawn for screens with two dots a pixel
const STEPS = 12; // shares of a donut are rounded to twelfths, so that few pictures do for all
/** Customers from which a cluster has this radius, px. @type {Array<[number, number]>} */
const RADII = [[0, 15], [10, 17], [50, 20], [250, 23], [1_000, 26], [5_000, 29], [25_000, 32]];

/**
 * Few to many, for colour-blind eyes too: lightness alone tells the order, as in viridis. On a dark
 * map many is bright. Neighbours differ by a contrast of 1.35 or more, the first from the land by
 * 1.4 (light) and 1.9 (dark).
 */
const RAMPS = {
  light: ["#bcd995", "#79c5a6", "#45a8b0", "#2a83ad", "#2a5a99", "#1f2f73"],
  dark: ["#3c4a80", "#33708f", "#2a938c", "#4cb57a", "#9fd155", "#fbe74a"],
};
/** Heat, from nothing on; lightness runs one way, as in inferno. */
const HEAT = {
  light: ["rgba(253,212,140,0)", "#fdd48c", "#fb9a4b", "#e0503c", "#a11a5b", "#4b0c6b"],
  dark: ["rgba(59,15,112,0)", "#4a1a7a", "#8c2981", "#de4968", "#fe9f6d", "#fcfdbf"],
};
const HEAT_AT = [0, 0.08, 0.3, 0.55, 0.8, 1];

/** Colours of so many classes, few to many, the ends of the ramp among them. @param {number} count */
export function rampOf(count) {
  const ramp = RAMPS[currentTheme()];
  if (count <= 1) return [ramp[3]];
  return Array.from({ length: count }, (_, i) => ramp[Math.round((i * (ramp.length - 1)) / (count - 1))]);
}

/** The colour of a density from 0 to 1, for a heat layer. */
export function heatExpression() {
  return ["interpolate", ["linear"], ["heatmap-density"], ...HEAT_AT.flatMap((at, i) => [at, HEAT[currentTheme()][i]])];
}

/** The same colours from few to many, for the legend. */
export const heatGradient = () => `linear-gradient(to right, ${HEAT_AT.map((at, i) => `${HEAT[currentTheme()][i]} ${at * 100}%`).join(", ")})`;

/** What is below the first break has the first colour. @param {any} value @param {number[]} breaks @param {any[]} results */
export function stepExpression(value, breaks, results) {
  if (!breaks.length) return results[0];
  return ["step", value, results[0], ...breaks.flatMap((at, i) => [at, results[i + 1]])];
}

/** @param {readonly string[]} segments @returns {Map<string, string>} */
export function segmentColours(segments) {
  return new Map(segments.map((name, index) => [name, colourAt(index)]));
}

/** @param {Array<{id: number, colour: number}>} territories @returns {Map<number, string>} */
export function territoryColours(territories) {
  return new Map(territories.map((one) => [one.id, colourAt(one.colour)]));
}

/** How long ago, the latest first; as `geocrm.maps.recency` names them. */
export const SPANS = ["30", "90", "180", "365", "older", "never"];
/** How exact a place is, the most exact first. */
const GRADES = ["rooftop", "interpolated", "street", "postcode", "village", "district", "regency", "region", "country"];
/** The property of a tile's features, by what they are coloured by. */
export const PROPERTIES = /** @type {const} */ ({ segment: "segment", territory: "territory", owner: "owner", recency: "recency", visited: "visited", grade: "exactness" });

/** What the legend tells of: heat has a colour of its own, so its rows are segments or territories. @param {{layer: string, colour: keyof typeof PROPERTIES}} state */
export const colourBy = ({ layer, colour }) => (layer === "points" || colour === "territory" ? colour : "segment");

/** The same person always has the same one. @param {number} id */
export const ownerColour = (id) => colourAt(id);

/** The latest is the strongest. @param {string} span */
export function spanColour(span) {
  const at = SPANS.indexOf(span);
  return at < 0 || span === "never" ? UNASSIGNED_COLOUR : rampOf(5)[4 - at];
}

/** The most exact first. @param {string} grade */
export const gradeRank = (grade) => (GRADES.includes(grade) ? GRADES.indexOf(grade) : GRADES.length);

/** The most exact is the strongest. @param {string} grade */
export function gradeColour(grade) {
  return GRADES.includes(grade) ? rampOf(6)[5 - Math.min(gradeRank(grade), 5)] : UNASSIGNED_COLOUR;
}

/**
 * The colour of a point. @param {keyof typeof PROPERTIES} mode
 * @param {{segments: Map<string, string>, territories: Map<number, string>}} colours
 */
export function pointColour(mode, { segments, territories }) {
  const one = ["get", PROPERTIES[mode]];
  if (mode === "owner") return ["case", ["has", "owner"], ["to-color", ["at", ["%", one, CATEGORY_COLOURS.length], ["literal", CATEGORY_COLOURS]]], UNASSIGNED_COLOUR];
  if (mode === "recency" || mode === "visited") return matched(one, SPANS.map((span) => [span, spanColour(span)]));
  if (mode === "grade") return matched(one, GRADES.map((grade) => [grade, gradeColour(grade)]));
  return matched(one, [...(mode === "territory" ? territories : segments)]);
}

/** @param {any} value @param {Array<[string | number, string]>} pairs */
const matched = (value, pairs) => (pairs.length ? ["match", value, ...pairs.flat(), UNASSIGNED_COLOUR] : UNASSIGNED_COLOUR);

/** By customers, or by revenue in customers of average revenue. @param {number | null} average */
function radius(average) {
  const size = average ? ["/", ["coalesce", ["get", "revenue"], 0], average] : ["get", "point_count"];
  return ["step", size, RADII[0][1], ...RADII.slice(1).flat()];
}
const shape = ["case", ["has", "stack"], "s", "c"];

/**
 * The name of a cluster's picture; `drawPicture` draws what a name says.
 * @param {keyof typeof PROPERTIES} mode @param {readonly string[]} segments
 * @param {{focus: string[], average: number | null}} look values in focus; average revenue when it gives the size
 */
export function pictureExpression(mode, segments, { focus, average }) {
  const start = ["concat", "cluster|", currentTheme(), "|", shape, "|", ["to-string", radius(average)], "|", mode, "|", focus.join(","), "|"];
  if (mode !== "segment") return [...start, ["to-string", ["coalesce", ["get", PROPERTIES[mode]], ""]]];
  const twelfths = [...segments, "other"].map((name) => [
    "to-string",
    ["round", ["/", ["*", STEPS, ["coalesce", ["get", `seg_${name}`], 0]], ["get", "point_count"]]],
  ]);
  return [...start, ...twelfths.flatMap((one, index) => (index ? ["-", one] : [one]))];
}

/**
 * Draw the picture that a name asks for and give it to the map.
 * @param {any} map @param {string} name
 * @param {{segments: Map<string, string>, territories: Map<number, string>}} colours
 */
export function drawPicture(map, name, colours) {
  if (!name.startsWith("cluster|") || map.hasImage(name)) return;
  const [, , form, size, mode, focus, value] = name.split("|");
  const slices = mode === "segment" ? donut(value, colours.segments, focus) : [[discColour(mode, value, colours.territories), 1]];
  map.addImage(name, picture(Number(size), form === "s", slices), { pixelRatio: RATIO });
}

/** @param {string} mode @param {string} value @param {Map<number, string>} territories */
function discColour(mode, value, territories) {
  if (value === "") return UNASSIGNED_COLOUR;
  if (mode === "owner") return ownerColour(Number(value));
  if (mode === "grade") return gradeColour(value);
  return mode === "territory" ? territories.get(Number(value)) ?? UNASSIGNED_COLOUR : spanColour(value);
}

/** @param {string} value twelfths joined by "-" @param {Map<string, string>} colours @param {string} focus @returns {Array<[string, number]>} */
function donut(value, colours, focus) {
  const parts = value.split("-").map(Number);
  const lit = focus ? focus.split(",") : [...colours.keys(), "none"];
  const palette = [...colours, ["none", UNASSIGNED_COLOUR]].map(([name, colour]) => (lit.includes(name) ? colour : token("--surface-3")));
  const slices = /** @type {Array<[string, number]>} */ (parts.map((part, index) => [palette[index], part]));
  return slices.some(([, part]) => part > 0) ? slices : [[UNASSIGNED_COLOUR, 1]];
}

/** @param {number} r px @param {boolean} stacked @param {Array<any>} slices */
function picture(r, stacked, slices) {
  const side = (r * 2 + 4) * RATIO;
  const canvas = new OffscreenCanvas(side, side);
  // Read back at once: drawn by the graphics card, every picture would wait for its queue.
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.scale(RATIO, RATIO);
  const middle = r + 2;
  outline(pen, middle, r + 1.5, stacked, token("--surface"));
  pen.save();
  clip(pen, middle, r, stacked);
  const total = slices.reduce((sum, [, part]) => sum + part, 0);
  let angle = -Math.PI / 2;
  for (const [colour, part] of slices) {
    const next = angle + (part / total) * 2 * Math.PI;
    pen.beginPath();
    pen.moveTo(middle, middle);
    pen.arc(middle, middle, r * 1.5, angle, next);
    pen.closePath();
    pen.fillStyle = colour;
    pen.fill();
    angle = next;
  }
  pen.restore();
  outline(pen, middle, r - Math.max(4, r * 0.22), stacked, token("--surface"));
  return pen.getImageData(0, 0, side, side);
}

/** @param {OffscreenCanvasRenderingContext2D} pen @param {number} middle @param {number} r @param {boolean} stacked */
function clip(pen, middle, r, stacked) {
  path(pen, middle, r, stacked);
  pen.clip();
}

/** @param {OffscreenCanvasRenderingContext2D} pen @param {number} middle @param {number} r @param {boolean} stacked @param {string} colour */
function outline(pen, middle, r, stacked, colour) {
  path(pen, middle, r, stacked);
  pen.fillStyle = colour;
  pen.fill();
}

/** Clusters are round; stacks, which zooming does not open, are squares with round corners. */
/** @param {OffscreenCanvasRenderingContext2D} pen @param {number} middle @param {number} r @param {boolean} stacked */
function path(pen, middle, r, stacked) {
  pen.beginPath();
  if (stacked) pen.roundRect(middle - r * 0.9, middle - r * 0.9, r * 1.8, r * 1.8, r * 0.4);
  else pen.arc(middle, middle, r, 0, 2 * Math.PI);
}

