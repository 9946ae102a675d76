// @ts-check
/** The columns a table of customers may have, and the sheet in which one chooses them. */
import { el } from "../lib/dom.js";
import { formatDateTime } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { openSheet } from "../lib/pop_menu.js";
import { gradeWords } from "./map_record.js";

/** @typedef {import("../lib/table.js").Column} Column */

const USUAL = ["name", "segment", "owner", "territory", "revenue", "last_order", "last_visit", "grade"];

/** @returns {Column[]} in the order of the sheet */
export function allColumns() {
  const dash = (/** @type {any} */ value) => value ?? "–";
  return [
    { field: "name", title: t("Name"), sortable: true, minWidth: 190 },
    { field: "segment", title: t("Segment"), minWidth: 84, width: 92, show: dash },
    { field: "owner", title: t("Owner"), minWidth: 130, show: (owner) => owner.name },
    { field: "territory", title: t("Territory"), minWidth: 140, show: (one) => one?.name ?? "–" },
    { field: "revenue", title: t("Revenue a year"), kind: "money", sortable: true, minWidth: 136 },
    { field: "last_order", title: t("Last order"), kind: "date", sortable: true, minWidth: 116 },
    { field: "last_visit", title: t("Last visit"), kind: "date", sortable: true, minWidth: 116 },
    { field: "grade", title: t("Place"), minWidth: 124, show: (grade) => gradeWords(grade) },
    { field: "city", title: t("City"), minWidth: 120, show: dash },
    { field: "tags", title: t("Tags"), minWidth: 130, show: tagsShown },
    { field: "visits_per_year", title: t("Visits a year"), kind: "number", minWidth: 92, show: (n) => (n === null ? "–" : String(n)) },
    { field: "phone", title: t("Telephone"), minWidth: 130, show: dash },
    { field: "email", title: t("E-mail"), minWidth: 170, show: dash },
    { field: "contact", title: t("Primary contact"), minWidth: 150, show: dash },
    { field: "contact_phone", title: t("Telephone of the primary contact"), minWidth: 130, show: dash },
    { field: "contact_email", title: t("E-mail of the primary contact"), minWidth: 170, show: dash },
    { field: "external_id", title: t("Customer ID"), minWidth: 116, show: dash },
    { field: "created", title: t("Added"), kind: "date", minWidth: 110 },
    { field: "updated", title: t("Changed"), sortable: true, minWidth: 140, show: (at) => formatDateTime(at) },
  ];
}

/** @param {string[]} tags */
function tagsShown(tags) {
  return el("span", { class: "row-tags" }, ...tags.map((tag) => el("span", { class: "tag" }, tag)));
}

/** The chosen columns with their widths. @param {string[]} chosen "field" or "field:width" @returns {Column[]} */
export function chosenColumns(chosen) {
  const known = new Map(allColumns().map((one) => [one.field, one]));
  const wanted = (chosen.length ? chosen : USUAL).map((entry) => entry.split(":"));
  const found = wanted.flatMap(([field, width]) => {
    const column = known.get(field);
    return column ? [{ ...column, ...(Number(width) > 0 ? { width: Number(width) } : {}) }] : [];
  });
  return found.length ? found : chosenColumns([]);
}

/**
 * The sheet in which one chooses columns.
 * @param {HTMLElement} button @param {() => string[]} current @param {(columns: string[]) => void} onChange
 */
export function openColumnSheet(button, current, onChange) {
  const width = (/** @type {string} */ field) => current().find((entry) => entry.split(":")[0] === field) ?? field;
  const shown = new Set(chosenColumns(current()).map((one) => one.field));
  const boxes = allColumns().map((one) => {
    const input = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", value: one.field }));
    input.checked = shown.has(one.field);
    input.disabled = one.field === "name";
    input.addEventListener("change", () => {
      const before = chosenColumns(current()).map((each) => each.field);
      const after = input.checked ? [...before, one.field] : before.filter((field) => field !== one.field);
      onChange(after.map(width));
    });
    return el("label", { class: "form-check menu-item" }, input, el("span", { class: "form-check-label" }, one.title));
  });
  const usual = el("button", { class: "btn btn-ghost btn-wide", type: "button", onclick: () => (onChange([]), openColumnSheet(button, current, onChange)) }, t("The usual columns"));
  openSheet(button, [el("div", { class: "pop-title overline" }, t("Columns")), ...boxes, usual], { label: t("Columns") });
}
