// @ts-check
/** The true cost as it is shown: what all visits take, the week as staffed, each territory. */
import { el, swatch } from "../lib/dom.js";
import { formatDateTime, formatNumber, formatShare } from "../lib/format.js";
import { locale, t, tn } from "../lib/i18n.js";
import { colourAt } from "../lib/palette.js";

/** @typedef {{value: number, se: number | null, clear?: boolean | null} | null} Figure */
/** @typedef {(value: number) => string} Format */

const whole = (/** @type {number} */ value) => formatNumber(Math.round(value));
const tenths = (/** @type {number} */ value) => formatNumber(value, Math.abs(value) < 100 ? 1 : 0);
const share = (/** @type {number} */ value) => formatShare(value, { digits: Math.abs(value) < 0.1 ? 1 : 0 });
const currency = document.documentElement.dataset.currency || "IDR";
// Three figures, whatever the size: two plans of 1.03 and 1.06 billions are not the same.
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumSignificantDigits: 3 });
const money = (/** @type {number} */ value) => short.format(value);
const minutes = (/** @type {number} */ value) => t("{n} min", { n: formatNumber(value, Math.abs(value) < 10 ? 1 : 0) });

/** Which figures, their words, and how they are written; those of all visits come first. */
const allVisits = () => /** @type {[string, string, Format][]} */ ([
  ["reps", t("Reps needed"), tenths],
  ["all_drive_min", t("Driving a visit"), minutes],
  ["all_drive_h", t("Hours of driving"), whole],
  ["all_km", t("Kilometres"), whole],
  ["all_hours", t("Hours of work"), whole],
  ["nights", t("Nights away"), tenths],
  ["crossings", t("Ferries taken"), tenths],
  ["cost", t("Cost, {currency}", { currency }), money],
]);
const staffedWeek = () => /** @type {[string, string, Format][]} */ ([
  ["due", t("Visits due"), whole],
  ["planned", t("Visits made"), whole],
  ["left", t("Left over"), whole],
  ["far", t("Beyond a day’s reach"), whole],
  ["drive_h", t("Hours of driving"), whole],
  ["km", t("Kilometres"), whole],
  ["visit_h", t("Hours of visiting"), whole],
  ["drive_min", t("Driving a visit"), minutes],
  ["utilisation", t("Working time used"), share],
]);

/** @param {any} cost @returns {Node[]} */
export function measured(cost) {
  const two = cost.plans.length === 2;
  return [
    el("p", { class: "muted small" }, el("span", { class: "tag tag-warn" }, t("Estimated travel")), " ", t("straight line × {detour} at {speed} km/h", { detour: formatNumber(cost.detour), speed: formatNumber(cost.speed_kmh) }), "; ", ferryWords(cost)),
    el("h3", { class: "cost-head" }, t("All visits due, a week")),
    two ? sideBySide(cost, allVisits()) : facts(cost.plans[0].figures, allVisits()),
    el("h3", { class: "cost-head" }, t("The week as staffed")),
    two ? sideBySide(cost, staffedWeek()) : facts(cost.plans[0].figures, staffedWeek()),
    ...notes(cost),
    ...(two ? cost.plans.map((/** @type {any} */ plan) => fold(plan.name, territories(plan))) : [fold(t("Each territory"), territories(cost.plans[0]), true)]),
    fold(t("How it was measured"), el("p", { class: "muted small" }, method(cost))),
  ];
}

/** @param {string} words @param {Node} content @param {boolean} [open] */
function fold(words, content, open = false) {
  return el("details", { class: "section-fold cost-fold", open }, el("summary", {}, words), content);
}

/** Ways from one land mass to another. @param {any} cost */
function ferryWords({ asked: { ferry_kmh: speed, boarding_min: boarding } }) {
  if (speed === undefined) return t("straits like roads: measure again");
  return t("from one land mass to another by ferry: {speed} km/h after {boarding} min, counted as driving", { speed: formatNumber(speed), boarding: formatNumber(boarding) });
}

/** Figures of one plan. @param {Record<string, Figure>} figures @param {[string, string, Format][]} rows */
function facts(figures, rows) {
  const known = rows.filter(([name]) => figures[name]);
  return el("dl", { class: "cost-facts" }, ...known.map(([name, words, format]) => {
    const one = /** @type {NonNullable<Figure>} */ (figures[name]);
    return el("div", {}, el("dt", {}, words), el("dd", {}, el("b", {}, format(one.value)), error(one, format)));
  }));
}

/** @param {NonNullable<Figure>} one @param {Format} format */
function error(one, format) {
  return one.se === null ? null : el("span", { class: "muted small" }, ` ± ${format(one.se)}`);
}

/** Both plans and what the second has more. @param {any} cost @param {[string, string, Format][]} rows */
function sideBySide(cost, rows) {
  const [a, b] = cost.plans;
  const head = el("tr", {}, el("td"), el("th", { scope: "col", class: "num", title: a.name }, t("From")), el("th", { scope: "col", class: "num", title: b.name }, t("To")), el("th", { scope: "col", class: "num" }, t("Difference")));
  const lines = rows.filter(([name]) => a.figures[name] || b.figures[name]).map(([name, words, format]) => {
    const cell = (/** @type {Figure} */ one) => el("td", { class: "num" }, one ? format(one.value) : "–");
    return el("tr", {}, el("th", { scope: "row" }, words), cell(a.figures[name]), cell(b.figures[name]), gapCell(cost.difference[name], format));
  });
  return el("table", { class: "cost-table cost-sides" }, el("thead", {}, head), el("tbody", {}, ...lines));
}

/** @param {Figure} gap @param {Format} format */
function gapCell(gap, format) {
  if (!gap) return el("td", { class: "num" }, "–");
  const sign = gap.value > 0 ? "+" : gap.value < 0 ? "−" : "";
  const words = gap.value === 0 ? t("same") : `${sign}${format(Math.abs(gap.value))}`;
  return el("td", { class: gap.clear === false ? "num cost-unclear" : "num" }, el("b", {}, words), gap.value === 0 ? null : el("div", {}, error(gap, format)));
}

/** @param {any} cost @returns {Node[]} */
function notes(cost) {
  const said = [cost.plans.map((/** @type {any} */ plan) => t("{plan}: {n} reps work here.", { plan: plan.name, n: formatNumber(plan.working) })).join(" ")];
  if (cost.plans.length === 2) {
    said.push(cost.weeks.length > 1
      ? t("Second plan less the first, on the same visits, ± standard error. Differences in grey may be chance.")
      : t("One week says nothing about chance: measure more weeks."));
  }
  for (const plan of cost.plans) {
    const nowhere = plan.figures.no_place?.value ?? 0;
    if (nowhere >= 0.5) said.push(t("{plan}: {n} more visits are due at customers without a place to drive to.", { plan: plan.name, n: whole(nowhere) }));
    if (plan.unstaffed) said.push(tn("{plan}: nobody works in {n} territory; one rep was reckoned with.", "{plan}: nobody works in {n} territories; one rep each was reckoned with.", { n: plan.unstaffed, plan: plan.name }));
  }
  return said.map((words) => el("p", { class: "muted small" }, words));
}

/** One line a territory. @param {any} plan */
function territories(plan) {
  const head = el("tr", {}, el("th", { scope: "col" }, t("Territory")), ...[t("Due"), t("Left"), t("Used"), t("Reps")].map((words) => el("th", { scope: "col", class: "num" }, words)));
  const lines = plan.territories.map((/** @type {any} */ one) => {
    const cell = (/** @type {string} */ name, /** @type {Format} */ format) => el("td", { class: "num" }, one.figures[name] ? format(one.figures[name].value) : "–");
    return el("tr", {},
      el("th", { scope: "row" }, el("div", { class: "row-line" }, swatch(colourAt(one.colour)), el("span", { class: "truncate" }, one.name)), el("div", { class: "muted small" }, under(one))),
      cell("due", whole), cell("left", whole), cell("utilisation", share), cell("reps", tenths));
  });
  return el("table", { class: "cost-table cost-territories" }, el("thead", {}, head), el("tbody", {}, ...lines));
}

/** What stands below the name of a territory. @param {any} one */
function under(one) {
  const starts = { home: t("home"), centre: t("middle") };
  if (!one.start) return t("no place to start from");
  const drive = one.figures.all_drive_min;
  const words = starts[/** @type {"home" | "centre"} */ (one.start)];
  return drive ? t("{n} min/visit · {start}", { n: whole(drive.value), start: words }) : words;
}

/** @param {any} cost */
function method(cost) {
  const reckoned = Math.max(...cost.plans.map((/** @type {any} */ plan) => plan.figures.reckoned?.value ?? 0));
  const words = t("Each customer is due by their visits a year, or their segment’s, in weeks that the seed {seed} decides; weeks {weeks} of 52 were planned with the planner of the reps’ days (fewer steps a day). First the days of those who work in a territory, then further days until everybody due was visited; beyond a day’s reach on trips with nights away. Reps needed are all hours of driving and visiting over the hours of a rep’s week. Counted are the customers you see. Measured {when}, in {seconds} s.", {
    seed: cost.asked.seed,
    weeks: cost.weeks.join(", "),
    when: formatDateTime(cost.measured_at),
    seconds: whole(cost.elapsed_s),
  });
  if (reckoned < 0.5) return words;
  const more = t("{n} visits a week were too many to plan; their driving was reckoned from the others.", { n: whole(reckoned) });
  return `${words} ${more}`;
}
