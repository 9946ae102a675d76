// @ts-check
/** The customers in view as rows: a grid in the dock, lines in the sheet of a phone. */
import { getJson } from "../lib/api.js";
import { formatNumber } from "../lib/format.js";
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { createTable } from "../lib/table.js";
import { customerLine, gradeWords } from "./map_record.js";

const EXACT_UP_TO = 100_000;
const PHONE = matchMedia("(max-width: 767px)");

/**
 * @param {{query: () => {filter: string, bbox: string | null}, colours: Map<string, string>, onChoose: (row: any) => void, onHover: (row: any | null) => void}} options
 */
export function createList({ query, colours, onChoose, onHover }) {
  const grid = document.getElementById("table");
  const lines = document.getElementById("sheet-list");
  const table = grid && !PHONE.matches ? createTable(grid, gridOptions()) : null;
  /** @type {string | number | null} */
  let selected = null;

  function gridOptions() {
    return {
      url: "/api/v1/accounts",
      query,
      columns: [
        { field: "name", title: t("Name"), sortable: true, minWidth: 190 },
        { field: "segment", title: t("Segment"), width: 84 },
        { field: "owner", title: t("Owner"), minWidth: 130, show: (/** @type {any} */ owner) => owner.name },
        { field: "territory", title: t("Territory"), minWidth: 140, show: (/** @type {any} */ one) => one?.name ?? "–" },
        { field: "revenue", title: t("Revenue a year"), kind: /** @type {const} */ ("money"), sortable: true, minWidth: 136 },
        { field: "last_order", title: t("Last order"), kind: /** @type {const} */ ("date"), sortable: true, minWidth: 116 },
        { field: "last_visit", title: t("Last visit"), kind: /** @type {const} */ ("date"), sortable: true, minWidth: 116 },
        { field: "grade", title: t("Place"), minWidth: 124, show: (/** @type {string} */ grade) => gradeWords(grade) },
      ],
      onRow: onChoose,
      onHover,
      onLoad: () => selected !== null && setTimeout(() => table?.select(selected), 0),
      empty: t("No customer in view. Move the map, zoom out or take a filter away."),
    };
  }

  let request = 0;
  /** Load anew after the map moved or the filter changed. */
  async function reload() {
    const mine = (request += 1);
    if (table) await reloadTable(table);
    else if (lines) await fillLines(mine);
  }

  // The grid loads by itself once it is built.
  let loading = table !== null;
  let again = false;
  let first = true;
  const settled = () => {
    if (!first) return;
    first = false;
    loading = false;
    if (again && table) reloadTable(table);
  };
  table?.grid.on("dataLoaded", settled);
  table?.grid.on("dataLoadError", settled);
  /** The grid refuses a load during another one, so the last wish waits. @param {ReturnType<typeof createTable>} wanted */
  async function reloadTable(wanted) {
    again = true;
    if (loading) return;
    loading = true;
    while (again) {
      again = false;
      await wanted.reload().catch(() => undefined);
    }
    loading = false;
  }

  /** @param {number} mine */
  async function fillLines(mine) {
    const answer = await getJson("/api/v1/accounts", { query: { ...query(), sort: "-revenue", limit: 40 }, quiet: true });
    if (mine !== request || !lines) return;
    lines.replaceChildren(
      ...answer.items.map((/** @type {any} */ item) => customerLine(item, onChoose, colours.get(item.segment) ?? UNASSIGNED_COLOUR)),
    );
    if (!answer.items.length) lines.append(el("li", { class: "section muted" }, t("No customer in view. Move the map, zoom out or take a filter away.")));
    if (answer.next) lines.append(el("li", { class: "section muted small" }, t("The 40 with the largest revenue; zoom in for the others.")));
  }

  return {
    reload,
    /** @param {number | null} id */
    select(id) {
      selected = id;
      table?.select(id);
    },
  };
}

/**
 * "12 of 340 in view"
 * @param {{filter: string, bbox: string | null}} query @param {any} figures of all @param {AbortSignal} signal
 */
export async function countInView(query, figures, signal) {
  // Counting to the end is quick unless there are very many.
  const exact = figures && figures.count < EXACT_UP_TO;
  const found = await getJson("/api/v1/accounts/count", { query: { ...query, exact: exact || null }, signal, quiet: true });
  const words = document.getElementById("in-view");
  const all = figures?.count === null || !figures ? "" : formatNumber(figures.count);
  const seen = found.count === null ? "<10" : found.exact || found.rounded ? formatNumber(found.count) : `${formatNumber(found.count)}+`;
  if (!words) return;
  if (query.bbox === null) words.textContent = t("all {n}", { n: seen });
  else words.textContent = all ? t("{n} of {all} in view", { n: seen, all }) : t("{n} in view", { n: seen });
}
