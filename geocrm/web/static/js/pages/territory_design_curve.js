// @ts-check
/**
 * How a search goes, as SVG that follows the theme: the best plan so far, what is proven to be out of
 * reach, and the gap between them. Values are shown as shares of the first plan, whatever their unit.
 *
 * @typedef {[number, number | null, number | null]} Point seconds, best value, bound
 */
import { formatNumber, formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 320, height: 150, left: 40, right: 8, top: 10, bottom: 26 };

/** @param {string} name @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A bound that says something: below nothing no plan is anyway. @param {number | null} value */
const told = (value) => value !== null && value > 0;

/** What the curve says last. @param {Point[]} points */
export function lastOf(points) {
  const first = points.find(([, best]) => best !== null)?.[1] ?? null;
  const [, best, bound] = points.at(-1) ?? [0, null, null];
  const share = (/** @type {number | null} */ value) => (value === null || !first ? null : value / first);
  const gap = best === null || best <= 0 || !told(bound) ? null : Math.max(0, 1 - Number(bound) / best);
  return { best: share(best), bound: told(bound) ? share(bound) : null, gap };
}

/**
 * @param {Point[]} points @param {number} elapsedS @param {number} timeS how long it may take
 */
export function searchCurve(points, elapsedS, timeS) {
  const known = points.filter(([, best]) => best !== null);
  const first = known[0]?.[1] || 1;
  const values = known.flatMap(([, best, bound]) => [best, told(bound) ? bound : null]).filter((one) => one !== null).map((one) => /** @type {number} */ (one) / first);
  const high = Math.max(...values, 1);
  const low = Math.max(0, Math.min(...values, 0.98));
  const pad = (high - low) * 0.08 || 0.02;
  const { width, height, left, right, top, bottom } = BOX;
  const until = Math.max(timeS, elapsedS, 1);
  const x = (/** @type {number} */ s) => left + (Math.min(s, until) / until) * (width - left - right);
  const y = (/** @type {number} */ value) => top + ((high + pad - value) / (high - low + 2 * pad)) * (height - top - bottom);
  const label = (/** @type {number} */ px, /** @type {number} */ py, /** @type {string} */ words, anchor = "middle") => svg("text", { class: "standing-label", x: px, y: py, "text-anchor": anchor }, words);
  const best = steps(known.map(([s, value]) => [x(s), y(/** @type {number} */ (value) / first)]), x(elapsedS));
  const bounded = known.filter(([, , bound]) => told(bound));
  const bound = steps(bounded.map(([s, , value]) => [x(s), y(/** @type {number} */ (value) / first)]), x(elapsedS));
  const over = steps(bounded.map(([s, value]) => [x(s), y(/** @type {number} */ (value) / first)]), x(elapsedS));
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": inWords(points, elapsedS), class: "design-curve" },
    ...[high, (high + low) / 2, low].flatMap((value) => [svg("line", { class: "standing-grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }), label(left - 5, y(value) + 3, formatShare(value, { digits: high - low < 0.04 ? 1 : 0 }), "end")]),
    ...(bound.length ? [svg("path", { class: "design-gap", d: `${path(over)}${path([...bound].reverse()).replace("M", "L")}Z` })] : []),
    ...(bound.length ? [svg("path", { class: "design-bound", d: path(bound) })] : []),
    ...(best.length ? [svg("path", { class: "standing-line", d: path(best) }), svg("circle", { class: "standing-dot", cx: best.at(-1)?.[0] ?? 0, cy: best.at(-1)?.[1] ?? 0, r: 3 })] : []),
    svg("line", { class: "design-axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }),
    ...[0, until / 2, until].map((s, i) => label(x(s), height - bottom + 13, t("{n} s", { n: formatNumber(Math.round(s)) }), ["start", "middle", "end"][i])));
}

/** The same for who does not see it. @param {Point[]} points @param {number} elapsedS */
export function inWords(points, elapsedS) {
  const { best, bound, gap } = lastOf(points);
  const said = [t("After {n} s", { n: formatNumber(elapsedS, 1) })];
  if (best !== null) said.push(t("the best plan is at {best} of the first", { best: formatShare(best) }));
  if (bound !== null && gap !== null) said.push(t("none can be below {bound}: a gap of {gap}", { bound: formatShare(bound), gap: formatShare(gap) }));
  return said.join(", ");
}

/** A value holds until the next one, the last until now. @param {number[][]} corners @param {number} until */
function steps(corners, until) {
  const line = corners.flatMap(([px, py], i) => (i ? [[px, corners[i - 1][1]], [px, py]] : [[px, py]]));
  const last = corners.at(-1);
  if (last && until > last[0]) line.push([until, last[1]]);
  return line;
}

/** @param {number[][]} corners */
function path(corners) {
  return corners.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
}
