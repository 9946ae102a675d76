// @ts-check
/** What is kept of a plan: how much may move and what that costs, territories and units that stay. */
import { getJson } from "../lib/api.js";
import { el, swatch } from "../lib/dom.js";
import { formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";
import { createChips, customersLike, suggestField, unitsLike } from "./territory_design_units.js";

/**
 * @param {{plan: HTMLSelectElement, disruption: HTMLInputElement, slider: HTMLInputElement, price: HTMLElement, locks: HTMLElement, units: HTMLElement, kept: HTMLElement}} parts
 * @param {import("./territory_design_units.js").Ground} ground
 * @param {ReturnType<typeof import("./territory_design_focus.js").bindFocus>} focus
 * @param {() => void} onChange
 */
export function bindKeep(parts, ground, focus, onChange) {
  const chips = createChips(onChange);
  /** The kept plan with its units, once it is here. @type {any} */
  let sheet = null;
  /** @type {any} */
  let tradeoff = null;
  /** @type {Set<number>} */
  let locked = new Set();
  parts.units.replaceChildren(
    suggestField(t("Units that stay"), unitsLike(ground), (found) => chips.add({ code: found.code, label: found.label })),
    suggestField(t("Customers that stay"), customersLike, keepCustomer),
    chips.place);
  parts.plan.addEventListener("change", () => void load());
  parts.slider.addEventListener("input", () => move(parts.slider.value));
  parts.disruption.addEventListener("input", () => move(parts.disruption.value));

  /** The unit a customer lies in is what stays. @param {any} found */
  async function keepCustomer(found) {
    const { level } = ground();
    const unit = await getJson("/api/v1/territories/designs/unit", { query: { level, account: found.id } }).catch(() => null);
    if (unit) chips.add({ code: unit.code, label: t("{customer} in {unit}", { customer: found.label, unit: unit.name }) });
  }

  async function load() {
    const plan = parts.plan.value;
    sheet = tradeoff = null;
    locked = new Set();
    parts.kept.hidden = !plan;
    focus.show(null);
    parts.locks.replaceChildren(...(plan ? [el("p", { class: "muted small" }, t("Loading …"))] : []));
    onChange();
    if (!plan) return;
    const [found, { standing }] = await Promise.all([
      getJson(`/api/v1/territories/plans/${plan}`),
      getJson(`/api/v1/territories/plans/${plan}/standing`, { quiet: true }).catch(() => ({ standing: null })),
    ]);
    if (parts.plan.value !== plan) return;
    sheet = found;
    focus.show(found);
    tradeoff = standing?.tradeoff ?? null;
    showLocks();
    showPrice();
    onChange();
  }

  /** @param {string} percent */
  function move(percent) {
    parts.disruption.value = percent;
    parts.slider.value = percent === "" ? "100" : percent;
    showPrice();
    onChange();
  }

  function budget() {
    return parts.disruption.value === "" ? null : Number(parts.disruption.value) / 100;
  }

  /** What the trade-off curve of the kept plan says of this limit. */
  function showPrice() {
    const share = budget();
    // The curve was measured with all of the plan free to move.
    if (!sheet || focus.on) return parts.price.replaceChildren();
    const link = el("a", { href: `/territories/${sheet.id}#standing` }, tradeoff ? t("The whole curve") : t("Measure it on the page of the plan"));
    const words = !tradeoff
      ? t("What each share of moving buys has not been measured for this plan.")
      : share === null
        ? t("Without a limit, as much may move as the balance asks for.")
        : t("Measured: with {share} moving, the largest deviation comes down to {deviation}.", { share: formatShare(share), deviation: formatShare(leftAt(tradeoff.points, share)) });
    parts.price.replaceChildren(words, " ", link);
  }

  function showLocks() {
    const sizes = new Map();
    for (const { territory } of sheet.units) sizes.set(territory, (sizes.get(territory) ?? 0) + 1);
    parts.locks.replaceChildren(...sheet.territories.map((/** @type {any} */ one) => {
      const box = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", checked: locked.has(one.number) }));
      box.addEventListener("change", () => {
        if (box.checked) locked.add(one.number);
        else locked.delete(one.number);
        onChange();
      });
      return el("label", { class: "form-check design-lock" }, box, swatch(colourAt(one.colour)), el("span", { class: "form-check-label grow truncate" }, one.name), el("span", { class: "muted small num" }, tn("{n} unit", "{n} units", { n: sizes.get(one.number) ?? 0 })));
    }));
  }

  return {
    /** @param {{keep: number | null, locked: number[], focus: number[]}} given */
    async begin({ keep, locked: numbers, focus: wanted }) {
      if (keep === null) return;
      parts.plan.value = String(keep);
      await load();
      const all = sheet?.territories.map((/** @type {any} */ one) => one.number) ?? [];
      locked = new Set(numbers.filter((number) => all.includes(number)));
      if (sheet) showLocks();
      if (wanted.length) focus.begin(wanted, numbers);
      onChange();
    },
    clearUnits: () => chips.clear(),
    refresh: showPrice,
    budget,
    get ready() {
      return !parts.plan.value || sheet !== null;
    },
    get territories() {
      return sheet?.territories ?? [];
    },
    /** Codes of all units that stay. @returns {string[]} */
    get lock() {
      if (!sheet) return [];
      if (focus.on) return chips.codes;
      const whole = sheet.units.filter((/** @type {any} */ unit) => locked.has(unit.territory)).map((/** @type {any} */ unit) => unit.code);
      return [...new Set([...whole, ...chips.codes])];
    },
    get lockedTerritories() {
      return locked.size;
    },
  };
}

/** The deviation that is left at a budget, read off the curve. @param {{budget: number, deviation: number}[]} points @param {number} share */
export function leftAt(points, share) {
  const next = points.findIndex((point) => point.budget >= share);
  if (next < 0) return points.at(-1)?.deviation ?? 0;
  if (next === 0) return points[0].deviation;
  const [a, b] = [points[next - 1], points[next]];
  return a.deviation + ((share - a.budget) / (b.budget - a.budget)) * (b.deviation - a.deviation);
}
