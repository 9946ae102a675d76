// @ts-check
/** How good the points are: shares by grade, weak areas on a map and in a table, contradictions. */
import { getJson } from "../lib/api.js";
import { el, swatch } from "../lib/dom.js";
import { formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { SEQUENTIAL_COLOURS } from "../lib/palette.js";
import { createTable } from "../lib/table.js";
import { readState, writeState } from "../lib/url_state.js";
import { gradeWords } from "./address_review_case.js";
import { bindContradictions } from "./address_contradictions.js";
import { createWeakMap } from "./address_quality_map.js";

const GRADES = ["rooftop", "interpolated", "street", "postcode", "village", "district", "regency", "region", "country", "none"];
const STREET_LEVEL = ["rooftop", "interpolated", "street"];
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const measure = /** @type {HTMLSelectElement} */ (byId("measure"));
const layer = /** @type {HTMLSelectElement} */ (byId("layer"));
const setup = JSON.parse(byId("setup").textContent ?? "{}");

/** @type {any[]} units of the chosen layer, each with its share */
let units = [];
/** @type {any} */
let map = null;

restore();
const table = createTable(byId("units"), {
  idField: "code",
  rows: [],
  columns: [
    { field: "name", title: t("Area"), sortable: true, minWidth: 150 },
    { field: "customers", title: t("Customers"), kind: "number", sortable: true, width: 118 },
    { field: "weak", title: t("Weak"), kind: "number", sortable: true, width: 92 },
    { field: "share", title: t("Share"), kind: "number", sortable: true, width: 104, show: (share) => formatShare(share, { digits: 0 }) },
  ],
  onRow: (row) => choose(row.code),
  empty: t("No customer lies in an area of this division."),
});
measure.addEventListener("change", () => (keep(), draw()));
layer.addEventListener("change", () => (keep(), load()));
bindContradictions(byId("contradictions"), { mayUpdate: setup.may_update, onChange: refresh, onLook: (row) => map?.look(row) });
// The figures need no map, so they do not wait for it.
const figures = refresh();
map = await createWeakMap(byId("map"), { onUnit: choose });
await figures;
drawMap();

/** The choices of the address, as far as there are such. */
function restore() {
  const state = readState();
  for (const [box, value] of [[measure, state.measure], [layer, state.layer]]) {
    const known = [.../** @type {HTMLSelectElement} */ (box).options].some((one) => one.value === value);
    if (known) /** @type {HTMLSelectElement} */ (box).value = String(value);
  }
}

function keep() {
  writeState({ measure: measure.value, layer: layer.value, unit: null });
}

async function refresh() {
  const [quality] = await Promise.all([getJson("/api/v1/address-quality"), load()]);
  showGrades(quality);
}

// ---------------------------------------------------------------------------- grades

/** @param {any} quality */
function showGrades(quality) {
  const all = quality.customers || 1;
  const shown = quality.grades.toSorted((/** @type {any} */ a, /** @type {any} */ b) => GRADES.indexOf(a.grade) - GRADES.indexOf(b.grade));
  byId("grade-bar").replaceChildren(...shown.map((/** @type {any} */ one) => part(one, all)));
  byId("grade-bar").setAttribute("aria-label", shown.map((/** @type {any} */ one) => `${gradeWords(one.grade)}: ${formatShare(one.customers / all, { digits: 0 })}`).join(", "));
  byId("grade-legend").replaceChildren(...shown.map((/** @type {any} */ one) => legend(one, all)));
  byId("grades-total").textContent = tn("{n} customer", "{n} customers", { n: quality.customers });
  const known = shown.filter((/** @type {any} */ one) => STREET_LEVEL.includes(one.grade)).reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.customers, 0);
  const parts = [
    el("b", {}, t("{share} known to the street or better", { share: formatShare(known / all, { digits: 0 }) })),
    count(quality.placed_by_hand, tn("{n} placed by hand", "{n} placed by hand", { n: quality.placed_by_hand })),
    count(quality.settled, tn("{n} confirmed by a person", "{n} confirmed by a person", { n: quality.settled })),
    count(quality.nowhere, tn("{n} without such a place", "{n} without such a place", { n: quality.nowhere })),
    count(quality.open, tn("{n} waits for review", "{n} wait for review", { n: quality.open }), "/addresses/review"),
    count(quality.pending, tn("{n} to be looked up", "{n} to be looked up", { n: quality.pending }), "/addresses"),
  ].filter((one) => one !== null);
  byId("people").replaceChildren(...parts);
}

/** @param {any} one @param {number} all */
function part(one, all) {
  const box = el("span", { class: `quality-part grade-${one.grade}`, title: `${gradeWords(one.grade)} ${formatShare(one.customers / all)}` });
  box.style.flexGrow = String(one.customers);
  return box;
}

/** @param {any} one @param {number} all */
function legend(one, all) {
  const key = swatch("");
  key.classList.add(`grade-${one.grade}`);
  const filter = JSON.stringify({ field: "grade", op: "in", value: [one.grade] });
  return el("li", {},
    el("a", { href: customersAddress(filter, gradeWords(one.grade)) }, key, gradeWords(one.grade),
      el("span", { class: "num" }, formatShare(one.customers / all)),
      el("span", { class: "num muted" }, formatNumber(one.customers))));
}

/** @param {number} number @param {string} words @param {string} [href] */
function count(number, words, href) {
  if (!number) return null;
  return href ? el("a", { href }, words) : el("span", {}, words);
}

// ---------------------------------------------------------------------------- areas

async function load() {
  const found = await getJson("/api/v1/address-quality/units", { query: { layer: layer.value } });
  units = found.items;
  draw();
}

function draw() {
  for (const unit of units) {
    unit.weak = weakOf(unit);
    unit.share = unit.customers ? unit.weak / unit.customers : 0;
  }
  const placed = units.filter((one) => one.code);
  const shown = placed.toSorted((a, b) => b.weak - a.weak || b.share - a.share);
  table.setRows(shown);
  drawMap();
  drawScale(placed);
  sayOutside(units.find((one) => !one.code));
  choose(readState().unit ?? null, { remember: false });
}

function drawMap() {
  map?.show(layer.value, units.filter((one) => one.code));
  map?.choose(readState().unit ?? null);
}

/** @param {any} unit */
function weakOf(unit) {
  if (measure.value === "open") return unit.open;
  if (measure.value === "trust") return unit.untrustworthy;
  return unit.customers - unit.street_level;
}

/** @param {any[]} placed */
function drawScale(placed) {
  const most = Math.max(0, ...placed.map((one) => one.share));
  byId("scale").replaceChildren(
    el("span", { class: "small" }, "0%"),
    el("span", { class: "quality-ramp", "aria-hidden": "true" }, ...SEQUENTIAL_COLOURS.map((colour) => swatch(colour))),
    el("span", { class: "small" }, formatShare(most, { digits: 0 })),
  );
}

/** @param {any} outside customers that lie in no unit of the division */
function sayOutside(outside) {
  const note = byId("nowhere-note");
  note.hidden = !outside;
  if (!outside) return;
  const words = tn("{n} customer lies in no area of this division: without a point, known to something larger only, or abroad.", "{n} customers lie in no area of this division: without a point, known to something larger only, or abroad.", { n: outside.customers });
  const filter = JSON.stringify({ field: "unit", op: "empty", value: true });
  note.replaceChildren(words, " ", el("a", { href: customersAddress(filter, t("In no area")) }, t("List them")));
}

/** @param {string | null} code @param {{remember?: boolean}} [options] */
function choose(code, { remember = true } = {}) {
  const unit = units.find((one) => one.code && one.code === code) ?? null;
  if (remember) writeState({ unit: unit?.code });
  table.select(unit?.code ?? null);
  map?.choose(unit?.code ?? null);
  byId("unit").replaceChildren(...(unit ? unitView(unit) : [el("p", { class: "muted small" }, t("Choose an area on the map or in the table."))]));
}

/** @param {any} unit */
function unitView(unit) {
  const weak = { field: "grade", op: "not_in", value: STREET_LEVEL };
  const filter = JSON.stringify({ and: [{ field: "unit", op: "in", value: [unit.code] }, weak] });
  const view = new URLSearchParams({ point: "coarse", borders: layer.value });
  if (unit.lon !== null) view.set("at", `9/${unit.lat.toFixed(4)}/${unit.lon.toFixed(4)}`);
  const facts = [
    [t("Known to the street or better"), unit.street_level],
    [t("Known to the village"), unit.village_level],
    [t("Not trustworthy"), unit.untrustworthy],
    [t("Waiting for review"), unit.open],
  ];
  return [
    el("div", { class: "spread" }, el("b", {}, unit.name), el("span", { class: "muted small" }, unit.parent ?? "")),
    el("dl", { class: "facts quality-facts" }, ...facts.flatMap(([words, number]) => [
      el("dt", {}, words),
      el("dd", { class: "num" }, `${formatNumber(Number(number))} · ${formatShare(Number(number) / unit.customers, { digits: 0 })}`),
    ])),
    el("div", { class: "row-line quality-links" },
      el("a", { class: "btn", href: customersAddress(filter, t("{unit}, without a street-level point", { unit: unit.name })) }, t("List the weak ones")),
      el("a", { class: "btn", href: `/map?${view}` }, t("On the map")),
      el("a", { class: "btn btn-primary", href: "/addresses?choice=weak" }, t("Geocode these"))),
  ];
}

/** The list of customers with a filter and what it is called. @param {string} filter @param {string} about */
function customersAddress(filter, about) {
  return `/accounts?${new URLSearchParams({ filter, about })}`;
}
