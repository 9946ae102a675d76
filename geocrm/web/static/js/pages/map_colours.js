// @ts-check
/** Colours of classes, and the pictures of clusters: donuts of segments, discs of territories. */
import { colourAt, UNASSIGNED_COLOUR } from "../lib/palette.js";
import { currentTheme, token } from "../lib/theme.js";

const RATIO = 2; // pictures are drawn for screens with two dots a pixel
const STEPS = 12; // shares of a donut are rounded to twelfths, so that few pictures do for all
/** Customers from which a cluster has this radius, px. @type {Array<[number, number]>} */
const RADII = [[0, 15], [10, 17], [50, 20], [250, 23], [1_000, 26], [5_000, 29], [25_000, 32]];

/** @param {readonly string[]} segments @returns {Map<string, string>} */
export function segmentColours(segments) {
  return new Map(segments.map((name, index) => [name, colourAt(index)]));
}

/** @param {Array<{id: number, colour: number}>} territories @returns {Map<number, string>} */
export function territoryColours(territories) {
  return new Map(territories.map((one) => [one.id, colourAt(one.colour)]));
}

/** A colour by the value of a feature. @param {string} property @param {Map<string | number, string>} colours */
export function colourExpression(property, colours) {
  if (!colours.size) return UNASSIGNED_COLOUR;
  return ["match", ["get", property], ...[...colours].flat(), UNASSIGNED_COLOUR];
}

const radius = ["step", ["get", "point_count"], RADII[0][1], ...RADII.slice(1).flat()];
const shape = ["case", ["has", "stack"], "s", "c"];

/**
 * The name of a cluster's picture; `drawPicture` draws what a name says.
 * @param {"segment" | "territory"} mode @param {readonly string[]} segments
 */
export function pictureExpression(mode, segments) {
  const start = ["concat", "cluster|", currentTheme(), "|", shape, "|", ["to-string", radius], "|", mode, "|"];
  if (mode === "territory") return [...start, ["to-string", ["coalesce", ["get", "territory"], 0]]];
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
  const [, , form, size, mode, value] = name.split("|");
  const slices = mode === "territory" ? [[colours.territories.get(Number(value)) ?? UNASSIGNED_COLOUR, 1]] : donut(value, colours.segments);
  map.addImage(name, picture(Number(size), form === "s", slices), { pixelRatio: RATIO });
}

/** @param {string} value twelfths joined by "-" @param {Map<string, string>} colours @returns {Array<[string, number]>} */
function donut(value, colours) {
  const parts = value.split("-").map(Number);
  const palette = [...colours.values(), UNASSIGNED_COLOUR];
  const slices = /** @type {Array<[string, number]>} */ (parts.map((part, index) => [palette[index], part]));
  return slices.some(([, part]) => part > 0) ? slices : [[UNASSIGNED_COLOUR, 1]];
}

/** @param {number} r px @param {boolean} stacked @param {Array<any>} slices */
function picture(r, stacked, slices) {
  const side = (r * 2 + 4) * RATIO;
  const canvas = new OffscreenCanvas(side, side);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
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

