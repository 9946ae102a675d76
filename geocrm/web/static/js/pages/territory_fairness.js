// @ts-check
/** How fair a plan is: indices for everybody, and the places of one's own territories. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatDate, formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const section = document.getElementById("fairness");
// Who leads a whole branch wants the indices, not a line for each of its territories.
const MAX_OWN = 3;
const body = document.getElementById("fairness-body");
if (section && body) show(section, body, `/api/v1/territories/plans/${section.dataset.plan}/fairness`);

/** @param {HTMLElement} whole @param {HTMLElement} place @param {string} api */
async function show(whole, place, api) {
  const found = await getJson(api);
  const words = { workload: t("Workload"), potential: t("Revenue"), drive: t("Distance") };
  const rows = Object.entries(words).filter(([axis]) => found.axes[axis]);
  if (!rows.length) {
    // Who is shown what was measured last is told that nothing was; for others there is nothing to say.
    whole.hidden = whole.dataset.counted === "now";
    place.replaceChildren(el("p", { class: "muted small" }, t("Not measured yet: the territory manager measures it on this page.")));
    return;
  }
  place.replaceChildren(
    el("table", { class: "fairness-table" },
      el("thead", {}, el("tr", {}, el("td", {}), ...[t("Gini"), t("Max / min"), t("Spread")].map((name) => el("th", { scope: "col", class: "num" }, name)))),
      el("tbody", {}, ...rows.map(([axis, name]) => row(name, found.axes[axis])))),
    ...own(found).map((/** @type {any} */ one) => ownPlace(one, found, rows)),
    el("p", { class: "muted small" }, note(found)),
  );
}

/** @param {string} name @param {any} axis */
function row(name, axis) {
  const two = (/** @type {number} */ value) => formatNumber(value, 2);
  const between = axis.interval ? t("{a} to {b}", { a: two(axis.interval[0]), b: two(axis.interval[1]) }) : null;
  return el("tr", {},
    el("th", { scope: "row" }, name),
    el("td", { class: "num" }, two(axis.gini), between ? el("div", { class: "muted small" }, between) : null),
    el("td", { class: "num" }, axis.ratio === null ? "–" : formatNumber(axis.ratio, 1)),
    el("td", { class: "num" }, two(axis.spread)));
}

/** @param {{number: number, name: string}} one @param {any} found @param {[string, string][]} rows */
function ownPlace(one, found, rows) {
  const places = rows
    .filter(([axis]) => found.axes[axis].own[one.number])
    .map(([axis, name]) => t("{what}: place {n} of {all}", { what: name, n: found.axes[axis].own[one.number], all: found.territories }));
  return el("p", { class: "small" }, el("b", {}, one.name), " · ", places.join(" · "));
}

/** @param {any} found @returns {any[]} */
const own = (found) => (found.own.length > MAX_OWN ? [] : found.own);

/** @param {any} found */
function note(found) {
  const parts = [t("Gini is 0 when every territory holds the same, near 1 when one holds everything; spread is the standard deviation over the mean. Workload is hours a year of visits and the travel between them; distance is that of customers from the middle of their territory, in a straight line.")];
  if (found.few) parts.push(t("With so few territories the indices say little."));
  else parts.push(t("The small figures are the range in nine of ten draws of the territories."));
  if (own(found).length) parts.push(t("Place 1 holds the most."));
  if (found.measured_at) parts.push(t("As of {date}.", { date: formatDate(found.measured_at) }));
  return parts.join(" ");
}
