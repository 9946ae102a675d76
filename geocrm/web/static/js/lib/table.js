// @ts-check
/**
 * A grid of rows from an API with a keyset cursor: {"items": [...], "next": "cursor" | null}.
 * The page needs css/table.css and vendor/tabulator/tabulator.css. Rows load while one scrolls.
 */
import { TabulatorFull as Tabulator } from "../../vendor/tabulator/tabulator.mjs";
import { getJson } from "./api.js";
import { formatDate, formatMoney, formatNumber } from "./format.js";
import { t } from "./i18n.js";

/**
 * @typedef {object} Column
 * @property {string} field
 * @property {string} title
 * @property {"text" | "number" | "money" | "date"} [kind]
 * @property {number} [width] px
 * @property {number} [minWidth] px; the grid scrolls sideways rather than get narrower
 * @property {boolean} [sortable] the API takes sort=field (or -field); default false
 * @property {(value: any, row: any) => string | Node} [show] a string is shown as text
 *
 * @typedef {object} TableOptions
 * @property {Column[]} columns
 * @property {string} [url]
 * @property {() => Record<string, unknown>} [query] filters, read at every load
 * @property {any[]} [rows] instead of url
 * @property {(row: any) => void} [onRow] click or Enter
 * @property {(row: any | null) => void} [onHover]
 * @property {(answer: any) => void} [onLoad] each answer of the API, for totals
 * @property {string} [empty] words for no rows
 * @property {string} [idField]
 */

/**
 * @param {HTMLElement} container needs a height from CSS
 * @param {TableOptions} options
 * @returns {{reload: () => Promise<void>, select: (id: string | number | null) => void, setRows: (rows: any[]) => Promise<void>, grid: any}}
 */
export function createTable(container, options) {
  const grid = new Tabulator(container, {
    layout: "fitColumns",
    height: "100%",
    index: options.idField ?? "id",
    columns: options.columns.map(column),
    placeholder: options.empty ?? t("There is nothing to show."),
    selectableRows: 1,
    headerSortClickElement: "header",
    rowFormatter: (/** @type {any} */ row) => rowAccess(row, options),
    ...(options.url ? remote(options) : { data: options.rows ?? [] }),
  });
  grid.on("rowClick", (/** @type {Event} */ _event, /** @type {any} */ row) => options.onRow?.(row.getData()));
  grid.on("rowMouseEnter", (/** @type {Event} */ _event, /** @type {any} */ row) => options.onHover?.(row.getData()));
  grid.on("rowMouseLeave", () => options.onHover?.(null));
  return {
    grid,
    reload: () => grid.setData(options.url),
    setRows: (rows) => grid.replaceData(rows),
    select(id) {
      grid.deselectRow();
      // Asking for a row that is not loaded would put a warning into the console.
      if (id !== null && grid.getData().some((/** @type {any} */ row) => row[options.idField ?? "id"] === id)) {
        grid.selectRow(id);
        grid.scrollToRow(id, "nearest", false).catch(() => undefined);
      }
    },
  };
}

/** @param {TableOptions} options */
function remote(options) {
  /** @type {Map<number, string | null>} */
  const cursors = new Map();
  return {
    ajaxURL: options.url,
    progressiveLoad: "scroll",
    sortMode: "remote",
    dataLoaderLoading: t("Loading …"),
    ajaxRequestFunc: async (/** @type {string} */ url, /** @type {any} */ _config, /** @type {any} */ params) => {
      const page = params.page ?? 1;
      const [sort] = params.sort ?? [];
      const answer = await getJson(url, {
        query: {
          ...options.query?.(),
          cursor: page > 1 ? cursors.get(page) : null,
          sort: sort ? (sort.dir === "desc" ? "-" : "") + sort.field : null,
        },
      });
      cursors.set(page + 1, answer.next);
      options.onLoad?.(answer);
      return { last_page: answer.next ? page + 1 : page, data: answer.items };
    },
  };
}

/** @param {Column} wanted */
function column(wanted) {
  const right = wanted.kind === "number" || wanted.kind === "money";
  return {
    field: wanted.field,
    title: wanted.title,
    width: wanted.width,
    ...(wanted.minWidth ? { minWidth: wanted.minWidth } : {}),
    headerSort: Boolean(wanted.sortable),
    // Other languages have longer words: a second line rather than an ellipsis.
    headerWordWrap: true,
    hozAlign: right ? "right" : "left",
    headerHozAlign: right ? "right" : "left",
    formatter: (/** @type {any} */ cell) => shown(wanted, cell.getValue(), cell.getData()),
  };
}

/** Always a node: Tabulator would read a string as markup. @param {Column} wanted @param {any} value @param {any} row */
function shown(wanted, value, row) {
  const content = wanted.show ? wanted.show(value, row) : plain(wanted.kind, value);
  if (content instanceof Node) return content;
  const box = document.createElement("span");
  box.textContent = content;
  return box;
}

/** @param {string | undefined} kind @param {any} value @returns {string} */
function plain(kind, value) {
  if (kind === "number") return formatNumber(value);
  if (kind === "money") return formatMoney(value);
  if (kind === "date") return formatDate(value);
  return value === null || value === undefined ? "" : String(value);
}

/** Rows with an action are reached by keyboard. @param {any} row @param {TableOptions} options */
function rowAccess(row, options) {
  if (!options.onRow) return;
  const element = row.getElement();
  element.tabIndex = 0;
  element.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") options.onRow?.(row.getData());
  };
}
