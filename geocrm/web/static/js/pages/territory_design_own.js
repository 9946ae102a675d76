// @ts-check
/** Limits of each measure of a mixture by itself: how far off its mean, at least, at most. */
import { t } from "../lib/i18n.js";
import { problems } from "./territory_design_size.js";

const LIMITS = /** @type {const} */ (["tolerance", "minimum", "maximum"]);

/** @typedef {(typeof LIMITS)[number]} Limit */

/**
 * @param {HTMLElement} place holds a row with data-measure for each measure, in it a field for each limit
 * @param {(measure: string) => string} words
 */
export function bindOwn(place, words) {
  const rows = new Map([...place.querySelectorAll("[data-measure]")].map((row) => [/** @type {HTMLElement} */ (row).dataset.measure ?? "", /** @type {HTMLElement} */ (row)]));
  /** @type {string[]} */
  let shown = [];

  /** @param {string} measure @param {Limit} limit */
  const field = (measure, limit) => /** @type {HTMLInputElement} */ (rows.get(measure)?.querySelector(`[data-limit=${limit}]`));

  /** A share as a share, a load as a load; null when the field is empty. @param {string} measure @param {Limit} limit */
  function value(measure, limit) {
    const written = field(measure, limit).value;
    if (written === "") return null;
    return limit === "tolerance" ? Number(written) / 100 : Number(written);
  }

  return {
    /** Only measures that are mixed. @param {string[]} measures */
    show(measures) {
      shown = measures.filter((measure) => rows.has(measure));
      place.hidden = shown.length < 2;
      for (const [measure, row] of rows) row.hidden = place.hidden || !shown.includes(measure);
    },
    /** The whole's limit, and beside it those that were given. @param {Limit} limit @param {number | null} whole */
    given(limit, whole) {
      const own = (place.hidden ? [] : shown).flatMap((measure) => {
        const one = value(measure, limit);
        return one === null ? [] : [/** @type {[string, number]} */ ([measure, one])];
      });
      if (!own.length) return whole;
      return { ...(whole === null ? {} : { mixture: whole }), ...Object.fromEntries(own) };
    },
    /** What arithmetic says against them. @param {{count: number, units: number, totals: Record<string, import("./territory_design_size.js").Total>}} asked */
    against({ count, units, totals }) {
      if (place.hidden) return [];
      return shown.flatMap((measure) => {
        const [tolerance, minimum, maximum] = LIMITS.map((limit) => value(measure, limit));
        return problems({ count, units, total: totals[measure] ?? null, minimum, maximum, tolerance: tolerance ?? Infinity }).map((one) => ({
          words: t("{measure}: {problem}", { measure: words(measure), problem: one.words }),
          fixes: one.fixes.map((fix) => (fix.field === "count" ? fix : { ...fix, measure })),
        }));
      });
    },
    /** @param {string} measure @param {Limit} limit @param {number} to */
    set(measure, limit, to) {
      field(measure, limit).value = String(limit === "tolerance" ? Math.round(to * 1000) / 10 : to);
    },
  };
}
