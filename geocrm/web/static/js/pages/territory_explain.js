// @ts-check
/** A card that says why a unit lies where it does, and what moving it would change. */
import { getJson } from "../lib/api.js";
import { el, swatch } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";
import { formatLoad } from "./territory_bars.js";

/**
 * The card, which fills itself.
 * @param {number} planId @param {string} code
 * @param {{pending?: boolean}} [options] `pending`: there are changes that the server does not have
 * @returns {HTMLElement}
 */
export function explain(planId, code, { pending = false } = {}) {
  const card = el("section", { class: "explain stack", "aria-live": "polite" }, el("p", { class: "muted small" }, t("Loading …")));
  fill(card, planId, code, pending);
  return card;
}

/** @param {HTMLElement} card @param {number} planId @param {string} code @param {boolean} pending */
async function fill(card, planId, code, pending) {
  try {
    const found = await getJson(`/api/v1/territories/plans/${planId}/units/${encodeURIComponent(code)}/explain`, { quiet: true });
    card.replaceChildren(...view(found, pending));
  } catch {
    card.replaceChildren(failure(() => void fill(card, planId, code, pending)));
  }
}

/** @param {any} found @param {boolean} pending @returns {Node[]} */
function view(found, pending) {
  const reasons = {
    only: t("It touches no other territory."),
    whole: t("Without it the territory would fall apart or be empty."),
    near: found.in_minutes ? t("In any other territory the ways to the centres would be longer.") : t("In any other territory the plan would be less compact."),
    balance: found.in_minutes ? t("Elsewhere the ways to the centres would be shorter, but the plan less balanced.") : t("Elsewhere the plan would be more compact, but less balanced."),
    other: found.in_minutes ? t("Neither travel time nor balance speaks for it: it may well move.") : t("Neither compactness nor balance speaks for it: it may well move."),
  };
  const made = found.origin.designed
    ? t("Designed with seed {seed} within ±{tolerance}.", { seed: found.origin.seed, tolerance: formatShare(found.origin.tolerance) })
    : t("Not designed here: drawn by hand or brought from a file.");
  return [
    el("h3", { class: "overline" }, t("Why here?")),
    el("p", {}, /** @type {Record<string, string>} */ (reasons)[found.reason]),
    el("p", { class: "muted small" }, made, pending ? ` ${t("Your unsaved changes are not counted here.")}` : null),
    found.alternatives.length ? el("h3", { class: "overline" }, t("If it were elsewhere")) : null,
    ...found.alternatives.map((/** @type {any} */ one) => alternative(one, found)),
  ].filter((node) => node !== null);
}

/** @param {any} one @param {any} found */
function alternative(one, found) {
  const load = (/** @type {number} */ value) => formatLoad(value, found.balance);
  const signed = `${one.value_change > 0 ? "+" : "−"}${formatShare(Math.abs(one.value_change), { digits: 2 })}`;
  const facts = [
    [t("Largest deviation"), `${formatShare(found.deviation)} → ${formatShare(one.deviation)}`],
    [t("Load there"), load(one.load)],
    [t("Load left here"), load(one.load_left)],
    [found.in_minutes ? t("Load × minutes to the centre") : t("Moment of inertia"), signed],
    [found.against === "live" ? t("Moved from the live plan") : t("Moved"), `${formatShare(found.moved)} → ${formatShare(one.moved)}`],
  ];
  const broken = one.empties ? t("Would leave a territory empty.") : one.torn ? t("Would leave a territory in pieces.") : null;
  return el("details", { class: "section-fold" },
    el("summary", { class: "explain-other" }, swatch(colourAt(one.territory.colour)), el("span", { class: "truncate" }, t("In {name}", { name: one.territory.name })),
      el("span", { class: "num muted small" }, broken ? t("splits") : t("plan at most {share} off", { share: formatShare(one.deviation) }))),
    broken ? el("p", { class: "loss small" }, broken) : null,
    el("dl", { class: "explain-facts small" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", { class: "num" }, value)))));
}
