// @ts-check
/** A card that says why a unit lies where it does, and what moving it would change. */
import { getJson } from "../lib/api.js";
import { el, swatch } from "../lib/dom.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";

/** The card, which fills itself. @param {number} planId @param {string} code @returns {HTMLElement} */
export function explain(planId, code) {
  const card = el("div", { class: "explain stack", "aria-live": "polite" }, el("p", { class: "muted small" }, t("Loading …")));
  fill(card, planId, code);
  return card;
}

/** @param {HTMLElement} card @param {number} planId @param {string} code */
async function fill(card, planId, code) {
  try {
    const found = await getJson(`/api/v1/territories/plans/${planId}/units/${encodeURIComponent(code)}/explain`, { quiet: true });
    card.replaceChildren(...view(found));
  } catch (error) {
    card.replaceChildren(el("p", { class: "muted small" }, /** @type {Error} */ (error).message));
  }
}

/** @param {any} found @returns {Node[]} */
function view(found) {
  const reasons = {
    only: t("It touches no other territory."),
    whole: t("Without it the territory would fall apart or be empty."),
    near: t("In any other territory the plan would be less compact."),
    balance: t("Elsewhere the plan would be more compact, but less balanced."),
    other: t("Neither compactness nor balance speaks for it: it may well move."),
  };
  const made = found.origin.designed
    ? t("Designed with seed {seed} within ±{tolerance}.", { seed: found.origin.seed, tolerance: formatShare(found.origin.tolerance) })
    : t("Not designed here: drawn by hand or brought from a file.");
  return [
    el("h3", { class: "overline" }, t("Why here?")),
    el("p", {}, /** @type {Record<string, string>} */ (reasons)[found.reason]),
    el("p", { class: "muted small" }, made),
    ...found.alternatives.map((/** @type {any} */ one) => alternative(one, found)),
  ];
}

/** @param {any} one @param {any} found */
function alternative(one, found) {
  const load = (/** @type {number} */ value) => (found.balance === "revenue" ? formatMoney(value, { compact: true }) : formatNumber(Math.round(value)));
  const signed = `${one.value_change > 0 ? "+" : "−"}${formatShare(Math.abs(one.value_change), { digits: 2 })}`;
  const facts = [
    [t("Largest deviation"), `${formatShare(found.deviation)} → ${formatShare(one.deviation)}`],
    [t("Load there"), load(one.load)],
    [t("Load left here"), load(one.load_left)],
    [t("Moment of inertia"), signed],
    [found.against === "live" ? t("Moved from the live plan") : t("Moved"), `${formatShare(found.moved)} → ${formatShare(one.moved)}`],
  ];
  const broken = one.empties ? t("Would leave a territory empty.") : one.torn ? t("Would leave a territory in pieces.") : null;
  return el("details", { class: "section-fold" },
    el("summary", {}, swatch(colourAt(one.territory.colour)), " ", t("In {name}", { name: one.territory.name })),
    broken ? el("p", { class: "loss small" }, broken) : null,
    el("dl", { class: "explain-facts small" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", { class: "num" }, value)))));
}
