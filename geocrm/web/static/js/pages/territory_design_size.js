// @ts-check
/**
 * How many territories, and what arithmetic says against it before a search begins.
 *
 * @typedef {{whole: number, largest: string, load: number}} Total
 * @typedef {{field: "count" | "minimum" | "maximum" | "tolerance", value: number, words: string, measure?: string}} Fix
 * @typedef {{words: string, fixes: Fix[]}} Problem
 */
import { formatCompact, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

/**
 * The number that limits ask for: the whole by the middle of the limits, and as many as keep both.
 * @param {number} whole @param {number | null} minimum @param {number | null} maximum
 */
export function fromLimits(whole, minimum, maximum) {
  const given = [minimum, maximum].filter((one) => one !== null && one > 0).map(Number);
  if (!given.length || !whole) return null;
  const wanted = Math.max(1, Math.round(whole / (given.reduce((sum, one) => sum + one, 0) / given.length)));
  const least = maximum ? Math.ceil(whole / maximum - 1e-9) : 1;
  const most = minimum ? Math.max(1, Math.floor(whole / minimum + 1e-9)) : Infinity;
  return Math.max(least, Math.min(wanted, most));
}

/**
 * What cannot work, each with changes that would do.
 * @param {{count: number, units: number, total: Total | null, minimum: number | null, maximum: number | null, tolerance: number}} asked
 * @returns {Problem[]}
 */
export function problems({ count, units, total, minimum, maximum, tolerance }) {
  if (!(count >= 1)) return [{ words: t("Ask for at least one territory."), fixes: [] }];
  if (count > units) return [{ words: t("{count} territories are more than the {units} units there are.", { count: formatNumber(count), units: formatNumber(units) }), fixes: [territories(units)] }];
  if (!total) return [];
  return [...tooLittle(count, total, minimum), ...tooMuch(count, total, maximum), ...tooHeavy(count, total, tolerance)];
}

/** @param {number} count @param {Total} total @param {number | null} minimum @returns {Problem[]} */
function tooLittle(count, { whole }, minimum) {
  if (!minimum || minimum * count <= whole) return [];
  const fewer = Math.floor(whole / minimum);
  return [{
    words: t("{count} territories of at least {limit} need {needed}; there are {whole}.", { count: formatNumber(count), limit: formatNumber(minimum), needed: formatNumber(minimum * count), whole: formatNumber(Math.round(whole)) }),
    fixes: [...(fewer ? [territories(fewer)] : []), { field: "minimum", value: rounded(whole / count, Math.floor), words: t("At least {n} each", { n: formatNumber(rounded(whole / count, Math.floor)) }) }],
  }];
}

/** @param {number} count @param {Total} total @param {number | null} maximum @returns {Problem[]} */
function tooMuch(count, { whole }, maximum) {
  if (!maximum || maximum * count >= whole) return [];
  return [{
    words: t("{count} territories of at most {limit} hold {held}; there are {whole}.", { count: formatNumber(count), limit: formatNumber(maximum), held: formatNumber(maximum * count), whole: formatNumber(Math.round(whole)) }),
    fixes: [territories(Math.ceil(whole / maximum)), { field: "maximum", value: rounded(whole / count, Math.ceil), words: t("At most {n} each", { n: formatNumber(rounded(whole / count, Math.ceil)) }) }],
  }];
}

/** One unit is more than a territory. @param {number} count @param {Total} total @param {number} tolerance @returns {Problem[]} */
function tooHeavy(count, { whole, largest, load }, tolerance) {
  const alone = load / (whole / count);
  if (alone <= 1 + tolerance) return [];
  const fewer = Math.floor(((1 + tolerance) * whole) / load);
  return [{
    words: t("{unit} alone is {n} territories: {share} off the mean is the least.", { unit: largest, n: formatNumber(alone, 2), share: formatShare(alone - 1) }),
    fixes: [...(fewer ? [territories(fewer)] : []), ...(alone <= 2 ? [allow(Math.ceil((alone - 1) * 1000) / 1000)] : [])],
  }];
}

/** @param {number} value @returns {Fix} */
const territories = (value) => ({ field: "count", value, words: tn("{n} territory", "{n} territories", { n: value }) });
/** @param {number} value @returns {Fix} */
const allow = (value) => ({ field: "tolerance", value, words: t("Allow {share}", { share: formatShare(value) }) });

/** Three digits say enough. @param {number} value @param {(value: number) => number} way */
function rounded(value, way) {
  const size = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(value, 1))) - 2);
  return way(value / size) * size;
}

/** What is asked for, in a sentence. @param {number} count @param {Total | null} total @param {number} tolerance @param {string} what */
export function sizeWords(count, total, tolerance, what) {
  if (!(count >= 1)) return "";
  const many = tn("{n} territory", "{n} territories", { n: count });
  if (!total) return many;
  return t("{territories} of about {load} ({what}), ±{tolerance}", { territories: many, load: formatCompact(total.whole / count), what, tolerance: formatShare(tolerance) });
}
