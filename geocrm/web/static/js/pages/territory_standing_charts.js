// @ts-check
/** The two small charts of where a plan stands, as SVG that follows the theme. */
import { formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 140;
const HEIGHT = 44;

/** @param {string} name @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * How often values occur among other plans, and a line where this plan lies.
 * @param {{value: number, histogram: {from: number, to: number, counts: number[]}}} axis
 * @param {string} words
 */
export function histogram(axis, words) {
  const { from, to, counts } = axis.histogram;
  const low = Math.min(from, axis.value);
  const span = Math.max(to, axis.value) - low || 1;
  const x = (/** @type {number} */ value) => 2 + ((value - low) / span) * (WIDTH - 4);
  const bar = (to - from) / counts.length;
  const most = Math.max(...counts, 1);
  const bars = counts.map((count, at) => {
    const height = (count / most) * (HEIGHT - 4);
    return svg("rect", { class: "standing-bar", x: x(from + at * bar), y: HEIGHT - height, width: Math.max(x(from + (at + 1) * bar) - x(from + at * bar) - 0.6, 0.6), height });
  });
  const own = svg("line", { class: "standing-own", x1: x(axis.value), x2: x(axis.value), y1: 0, y2: HEIGHT });
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words, class: "standing-histogram" }, ...bars, own);
}

const CURVE = { width: 300, height: 132, left: 38, right: 16, top: 10, bottom: 30 };

/**
 * The least deviation that is left when at most so much moves; budgets stand at equal distances.
 * @param {{points: {budget: number, moved: number, deviation: number}[], plan: {moved: number | null, deviation: number}}} tradeoff
 */
export function curve({ points, plan }) {
  const top = Math.max(...points.map((point) => point.deviation), plan.deviation, 0.01) * 1.08;
  const { width, height, left, right } = CURVE;
  const room = width - left - right;
  const step = room / Math.max(points.length - 1, 1);
  const y = (/** @type {number} */ value) => CURVE.top + (1 - value / top) * (height - CURVE.top - CURVE.bottom);
  const at = (/** @type {number} */ budget) => {
    const next = points.findIndex((point) => point.budget >= budget);
    if (next <= 0) return left + (next < 0 ? room : 0);
    const [a, b] = [points[next - 1].budget, points[next].budget];
    return left + (next - 1 + (budget - a) / (b - a)) * step;
  };
  const path = points.map((point, i) => `${i ? "L" : "M"}${left + i * step} ${y(point.deviation)}`).join("");
  const base = y(0);
  const label = (/** @type {number} */ x, /** @type {number} */ py, /** @type {string} */ words, anchor = "middle") => svg("text", { class: "standing-label", x, y: py, "text-anchor": anchor }, words);
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("Largest deviation by how much may move"), class: "standing-curve" },
    ...[0, top / 2.16, top / 1.08].flatMap((value) => [svg("line", { class: "standing-grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }), label(left - 5, y(value) + 3, formatShare(value, { digits: 1 }), "end")]),
    ...(points.length ? [svg("path", { class: "standing-area", d: `${path}L${left + (points.length - 1) * step} ${base}L${left} ${base}Z` }), svg("path", { class: "standing-line", d: path })] : []),
    ...points.flatMap((point, i) => [svg("circle", { class: "standing-dot", cx: left + i * step, cy: y(point.deviation), r: 2.5 }), label(left + i * step, base + 13, formatShare(point.budget, { digits: 0 }))]),
    ...(plan.moved === null ? [] : [svg("circle", { class: "standing-plan", cx: at(plan.moved), cy: y(plan.deviation), r: 4.5 })]),
    label(left + room / 2, height - 3, t("may move")));
}
