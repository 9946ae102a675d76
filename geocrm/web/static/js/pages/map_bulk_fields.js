// @ts-check
/** What is to be chosen for each bulk action, and the parameters that follow from it. */
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { chosenColumns } from "./map_columns.js";
import { stateOfAddress } from "./map_state.js";

const FORMATS = /** @type {Record<string, string>} */ ({
  csv: t("CSV (any program)"), xlsx: t("Excel (XLSX)"), geojson: t("GeoJSON (maps)"), gpkg: t("GeoPackage (QGIS, ArcGIS)"),
});

/** @param {string} name @param {string} label @param {Node[]} options */
function select(name, label, options) {
  return el("div", { class: "field" },
    el("label", { class: "form-label", for: `bulk-${name}` }, label),
    el("select", { class: "form-select", id: `bulk-${name}`, name }, ...options));
}

/** @param {string} name @param {string} label @param {Record<string, any>} [attributes] @param {string} [hint] */
function input(name, label, attributes = {}, hint = "") {
  return el("div", { class: "field" },
    el("label", { class: "form-label", for: `bulk-${name}` }, label),
    el("input", { class: "form-control", id: `bulk-${name}`, name, ...attributes }),
    hint ? el("p", { class: "hint" }, hint) : null);
}

const option = (/** @type {string | number} */ value, /** @type {string} */ words) => el("option", { value }, words);
const people = (/** @type {{id: number, name: string}[]} */ list) => list.map((one) => option(one.id, one.name));
const choose = () => option("", t("Choose …"));

/** The day after today, where the browser is. */
function tomorrow() {
  const day = new Date(Date.now() + 86_400_000);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

/** All of them, those the table shows, or ticked ones. @param {any} may */
function whichColumns(may) {
  const boxes = el("div", { class: "bulk-column-list", role: "group", "aria-label": t("Columns") }, ...may.columns.map((/** @type {string} */ one) =>
    el("label", { class: "form-check" },
      el("input", { class: "form-check-input", type: "checkbox", name: "columns", value: one, checked: true }),
      el("span", {}, one))));
  const which = select("which", t("Columns"), [option("all", t("All columns")), option("shown", t("The columns shown")), option("own", t("Choose …"))]);
  const told = el("p", { class: "hint" });
  const hints = /** @type {Record<string, string>} */ ({
    all: t("An import reads the file back without loss, with what each customer said about being contacted."),
    shown: t("The number of the customer, {columns}.", { columns: chosenColumns(stateOfAddress().columns).map((one) => one.title).join(", ") }),
    own: "",
  });
  const show = () => {
    const { value } = /** @type {HTMLSelectElement} */ (which.querySelector("select"));
    told.textContent = hints[value];
    told.hidden = !hints[value];
    boxes.hidden = value !== "own";
  };
  which.append(told);
  which.addEventListener("change", show);
  show();
  return [which, boxes];
}

/** The columns of an export; none are all. @param {FormData} given */
function columnsOf(given) {
  if (given.get("which") === "shown") return ["geocrm_number", ...chosenColumns(stateOfAddress().columns).map((one) => one.field)];
  return given.get("which") === "own" ? given.getAll("columns").map(String) : [];
}

/** @type {Record<string, (may: any) => HTMLElement[]>} */
export const FIELDS = {
  owner: (may) => [select("owner_id", t("New owner"), [choose(), ...people(may.owners)])],
  tag: () => [
    input("add", t("Add tags"), { maxlength: 300, autofocus: true }, t("Several are separated by commas.")),
    input("remove", t("Remove tags"), { maxlength: 300 }),
  ],
  segment: (may) => [
    select("segment", t("Segment"), [choose(), ...may.segments.map((/** @type {string} */ one) => option(one, one)), option("-", t("No segment"))]),
  ],
  audience: (may) => [
    input("name", t("Name of the audience"), { maxlength: 120, autofocus: true }),
    select("channel", t("Channel"), may.channels.map((/** @type {any} */ one) => option(one.code, one.name))),
  ],
  visits: (may) => [
    select("rep_id", t("Who visits"), [...(may.reps.length > 1 ? [choose()] : []), ...people(may.reps)]),
    input("day", t("First day"), { type: "date", value: tomorrow() }),
    input("days", t("Days"), { type: "number", min: 1, max: 10, value: 1 }, t("What is planned on these days already stays.")),
  ],
  export: (may) => [
    select("format", t("Format"), may.formats.map((/** @type {string} */ one) => option(one, FORMATS[one] ?? one))),
    ...whichColumns(may),
  ],
  delete: () => [],
};

/** @param {string} text */
const list = (text) => text.split(",").map((one) => one.trim()).filter(Boolean);

/**
 * The parameters of an action, or null while a choice is missing.
 * @param {string} action @param {HTMLFormElement} form
 * @returns {Record<string, any> | null}
 */
export function readParams(action, form) {
  const given = new FormData(form);
  const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
  switch (action) {
    case "owner":
      return text("owner_id") ? { owner_id: Number(text("owner_id")) } : null;
    case "tag": {
      const [add, remove] = [list(text("add")), list(text("remove"))];
      return add.length || remove.length ? { add, remove } : null;
    }
    case "segment":
      return text("segment") ? { segment: text("segment") === "-" ? null : text("segment") } : null;
    case "audience":
      return text("name") ? { name: text("name"), channel: text("channel") } : null;
    case "visits":
      return text("rep_id") && text("day") ? { rep_id: Number(text("rep_id")), day: text("day"), days: Number(text("days")) || 1 } : null;
    case "export": {
      const columns = columnsOf(given);
      return columns.length || text("which") !== "own" ? { format: text("format"), columns } : null;
    }
    default:
      return {};
  }
}
