// @ts-check
/**
 * Some territories of the kept plan that alone may change: which, what they hold, who lies beside.
 *
 * @typedef {{number: number, name: string, colour: number, parent: number | null, units: number}} Territory
 * @typedef {{code: string, name: string, territory: number, accounts: number | null, revenue: number | null, population: number | null, further: Record<string, number | null>}} Unit
 * @typedef {{territories: Territory[], units: Unit[], edges: [string, string][]}} Sheet
 */
import { el, swatch } from "../lib/dom.js";
import { formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";

/**
 * @param {{scope: HTMLElement, locks: HTMLElement, place: HTMLElement, budget: HTMLElement}} parts
 * @param {() => void} onChange
 */
export function bindFocus(parts, onChange) {
  /** @type {Sheet | null} */
  let sheet = null;
  /** @type {Set<number>} */
  let chosen = new Set();
  /** Units of the ground that the plan has in no territory. */
  let unassigned = 0;
  const whole = parts.budget.textContent ?? "";
  const radios = /** @type {HTMLInputElement[]} */ ([...parts.scope.querySelectorAll("input")]);
  const list = el("div", { class: "design-list", role: "group", "aria-label": t("Territories that are designed anew") });
  const words = el("p", { class: "hint", "aria-live": "polite" });
  const around = /** @type {HTMLButtonElement} */ (el("button", { class: "btn", type: "button" }, t("Add those around them")));
  const give = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox" }));
  const giveWords = el("span", { class: "form-check-label" });
  const giving = el("label", { class: "form-check" }, give, giveWords);
  parts.place.replaceChildren(el("p", { class: "hint" }, t("All others keep their units, names and people. The ideal load stays that of the whole plan.")), list, words, el("div", { class: "row-line" }, around), giving);
  around.addEventListener("click", () => choose([...chosen, ...beside(/** @type {Sheet} */ (sheet), chosen)]));
  give.addEventListener("change", onChange);
  for (const radio of radios) radio.addEventListener("change", show);

  function on() {
    return sheet !== null && radios.some((radio) => radio.checked && radio.value === "focus");
  }

  /** Those that have ground of their own, or could: not who only gathers others. */
  function offered() {
    const above = new Set(sheet?.territories.map((one) => one.parent));
    return (sheet?.territories ?? []).filter((one) => one.units > 0 || !above.has(one.number));
  }

  /** @param {Iterable<number>} numbers */
  function choose(numbers) {
    const known = new Set(offered().map((one) => one.number));
    chosen = new Set([...numbers].filter((number) => known.has(number)));
    show();
  }

  function show() {
    parts.place.hidden = !on();
    parts.locks.hidden = on();
    parts.budget.textContent = on() ? t("Of what the territories in focus hold. A hard limit; empty for none.") : whole;
    list.replaceChildren(...offered().map((one) => {
      const box = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", checked: chosen.has(one.number) }));
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(one.number);
        else chosen.delete(one.number);
        showWords();
      });
      return el("label", { class: "form-check design-lock" }, box, swatch(colourAt(one.colour)), el("span", { class: "form-check-label grow truncate" }, one.name), el("span", { class: "muted small num" }, tn("{n} unit", "{n} units", { n: one.units })));
    }));
    showWords();
  }

  function showWords() {
    around.disabled = !chosen.size;
    giving.hidden = unassigned === 0;
    giveWords.textContent = tn("Also give out the {n} unit in no territory, if it lies beside them", "Also give out the {n} units in no territory, where they lie beside them", { n: unassigned });
    words.textContent = t("{chosen} of {all} territories, {units} of {ground} units", { chosen: formatNumber(chosen.size), all: formatNumber(offered().length), units: formatNumber(inside().length), ground: formatNumber((sheet?.units.length ?? 0) + unassigned) });
    onChange();
  }

  function inside() {
    return (sheet?.units ?? []).filter((unit) => chosen.has(unit.territory));
  }

  return {
    /** A plan was chosen, or none. @param {Sheet | null} found */
    show(found) {
      sheet = found;
      choose([]);
    },
    /** How many units there are on the plan's ground. @param {number} units */
    ground(units) {
      unassigned = Math.max(0, units - (sheet?.units.length ?? units));
      if (on()) showWords();
    },
    /**
     * Focus as the editor hands it over. One alone could not change, so those around it come along;
     * of one that gathers others, those below it.
     * @param {number[]} numbers @param {number[]} locked
     */
    begin(numbers, locked) {
      if (!sheet) return;
      for (const radio of radios) radio.checked = radio.value === "focus";
      const wanted = new Set(numbers.flatMap((number) => below(/** @type {Sheet} */ (sheet), number)));
      const more = wanted.size > 1 ? [] : beside(sheet, wanted).filter((number) => !locked.includes(number));
      choose([...wanted, ...more]);
    },
    get on() {
      return on();
    },
    get numbers() {
      return on() ? [...chosen].sort((a, b) => a - b) : [];
    },
    get territories() {
      return offered().filter((one) => chosen.has(one.number));
    },
    get all() {
      return offered().length;
    },
    get units() {
      return inside().length + (give.checked ? unassigned : 0);
    },
    get give() {
      return on() && unassigned > 0 && give.checked;
    },
    /** What they hold of a measure, and the unit with most; null when it is not known. @param {string} measure */
    total(measure) {
      const loads = inside().map((unit) => ({ name: unit.name, load: /** @type {any} */ (unit)[measure] ?? unit.further[measure] ?? null }));
      if (!loads.length || loads.some(({ load }) => load === null)) return null;
      const largest = loads.reduce((most, one) => (one.load > most.load ? one : most));
      return { whole: loads.reduce((sum, one) => sum + one.load, 0), largest: largest.name, load: largest.load };
    },
  };
}

/**
 * What arithmetic says against a focus.
 * @param {number} count @param {import("./territory_design_size.js").Total | null} total @param {number} ideal @param {number} tolerance @param {boolean} give
 * @returns {import("./territory_design_size.js").Problem[]}
 */
export function focusProblems(count, total, ideal, tolerance, give) {
  if (!count) return [{ words: t("Choose the territories that are designed anew."), fixes: [] }];
  if (count === 1 && !give) return [{ words: t("One territory alone cannot change: add those around it."), fixes: [] }];
  if (!total || !ideal || give) return [];
  const off = total.whole / count / ideal - 1;
  if (Math.abs(off) <= tolerance) return [];
  const least = Math.ceil(Math.abs(off) * 1000) / 1000;
  return [{
    words: t("These territories hold {share} of their part of the plan, and nothing leaves or joins them: ±{least} is the least.", { share: formatShare(1 + off), least: formatShare(least) }),
    fixes: least < 1 ? [{ field: "tolerance", value: least, words: t("Allow {share}", { share: formatShare(least) }) }] : [],
  }];
}

/** Territories that share a border or a ferry with the chosen ones. @param {Sheet} sheet @param {Set<number>} chosen */
export function beside(sheet, chosen) {
  const home = new Map(sheet.units.map((unit) => [unit.code, unit.territory]));
  const found = new Set();
  for (const [a, b] of sheet.edges) {
    const [one, other] = [home.get(a), home.get(b)];
    if (one === undefined || other === undefined || chosen.has(one) === chosen.has(other)) continue;
    found.add(chosen.has(one) ? other : one);
  }
  return [...found];
}

/** A territory with all that lie below it. @param {Sheet} sheet @param {number} number @returns {number[]} */
function below(sheet, number) {
  const under = sheet.territories.filter((one) => one.parent === number);
  return [number, ...under.flatMap((one) => below(sheet, one.number))];
}
