// @ts-check
/**
 * A grid of rows from an API with a keyset cursor: {"items": [...], "next": "cursor" | null}.
 * The page needs css/table.css and vendor/tabulator/tabulator.css. Rows load while one scrolls;
 * an answer that a newer question overtook is dropped.
 */
import { TabulatorFull as Tabulator } from "../../vendor/tabulator/tabulator.mjs";
import { getJson } from "./api.js";
import { el } from "./dom.js";
import { failure } from "./failure.js";
import { formatDate, formatMoney, formatNumber } from "./format.js";
import { t } from "./i18n.js";

const NEAR_PX = 600; // of the end of the rows: time to ask for the next page

/**
 * @typedef {object} Column
 * @property {string} field
 * @property {string} title
 * @property {"text" | "number" | "money" | "date"} [kind]
 * @property {number} [width] px
 * @property {number} [minWidth] px; the grid scrolls sideways rather than get narrower
 * @property {boolean} [sortable] the API takes sort=field (or -field); default false
 * @property {(value: any, row: any) => string | Node} [show] a string is shown as text
 * @property {Record<string, any>} [raw] more of Tabulator's own definition
 *
 * @typedef {object} TableOptions
 * @property {Column[]} columns
 * @property {string} [url]
 * @property {() => Record<string, unknown>} [query] filters, read at every load
 * @property {boolean} [waits] the first load is the caller's
 * @property {any[]} [rows] instead of url
 * @property {string} [sort] at first; a minus sign sorts the largest first
 * @property {(sort: string) => void} [onSort]
 * @property {(row: any, event?: Event) => void} [onRow] click or Enter
 * @property {(row: any | null) => void} [onHover]
 * @property {(event: KeyboardEvent, row: any) => void} [onKey] other keys on a row
 * @property {(element: HTMLElement, row: any) => void} [onDraw] a row was drawn
 * @property {(answer: any) => void} [onLoad] each answer of the API, for totals
 * @property {string} [empty] words for no rows
 * @property {string} [label] the name a screen reader says
 * @property {string} [idField]
 * @property {Record<string, any>} [grid] more of Tabulator's own options
 */

/**
 * @param {HTMLElement} container needs a height from CSS
 * @param {TableOptions} options
 */
export function createTable(container, options) {
  const index = options.idField ?? "id";
  const grid = new Tabulator(container, {
    layout: "fitColumns",
    height: "100%",
    index,
    columns: columnsOf(options.columns, options),
    placeholder: options.empty ?? t("There is nothing to show."),
    selectableRows: 1,
    headerSortClickElement: "header",
    rowFormatter: (/** @type {any} */ row) => drawn(row, options),
    ...(options.url ? { initialSort: sortersOf(options.sort) } : { data: options.rows ?? [] }),
    ...options.grid,
  });
  if (options.label) container.setAttribute("aria-label", options.label);
  const built = new Promise((resolve) => grid.on("tableBuilt", () => resolve(undefined)));
  const loads = options.url ? remote(container, grid, built, options) : null;
  grid.on("rowClick", (/** @type {Event} */ event, /** @type {any} */ row) => options.onRow?.(row.getData(), event));
  grid.on("rowMouseEnter", (/** @type {Event} */ _event, /** @type {any} */ row) => options.onHover?.(row.getData()));
  grid.on("rowMouseLeave", () => options.onHover?.(null));
  const has = (/** @type {any} */ id) => grid.getData().some((/** @type {any} */ row) => row[index] === id);
  if (loads && !options.waits) loads.reload();
  return {
    grid,
    reload: () => loads?.reload() ?? Promise.resolve(),
    setRows: (/** @type {any[]} */ rows) => grid.replaceData(rows),
    /** @param {Column[]} columns */
    async setColumns(columns) {
      await built;
      grid.setColumns(columnsOf(columns, options));
      grid.redraw(true);
    },
    /** @param {string} sort */
    sortBy: (sort) => loads?.sortBy(sort),
    /** Bring new values of a row, without a load. @param {any} row */
    async change(row) {
      if (has(row[index])) await grid.updateData([row]);
    },
    /** @param {string | number | null} id */
    select(id) {
      grid.deselectRow();
      // Asking for a row that is not loaded would put a warning into the console.
      if (id === null || !has(id)) return;
      grid.selectRow(id);
      grid.scrollToRow(id, "nearest", false).catch(() => undefined);
    },
  };
}

/** @param {HTMLElement} container @param {any} grid @param {Promise<unknown>} built @param {TableOptions} options */
function remote(container, grid, built, options) {
  const bones = el("div", { class: "table-bones", "aria-hidden": "true" }, ...Array.from({ length: 8 }, () => el("div", { class: "skeleton" })));
  const lost = el("div", { class: "table-lost" }, failure(() => reload()));
  let asking = new AbortController();
  let sort = options.sort ?? "";
  /** @type {string | null} */
  let next = null;
  // The first rows may be the caller's to ask for: until then there are bones.
  let waiting = Boolean(options.waits);

  /** @param {string | null} cursor @returns {Promise<any>} null when something newer was asked meanwhile */
  async function ask(cursor) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    waiting = true;
    container.setAttribute("aria-busy", "true");
    lost.remove();
    try {
      const answer = await getJson(options.url ?? "", { query: { ...options.query?.(), cursor, sort: sort || null }, signal });
      await built;
      return signal.aborted ? null : answer;
    } catch (error) {
      // Rows of another question must not stay, and no rows would say that there is nobody.
      if (!signal.aborted && cursor === null) await built.then(() => grid.setData([])).then(() => container.append(lost));
      return null;
    } finally {
      if (!signal.aborted) {
        waiting = false;
        container.removeAttribute("aria-busy");
        bones.remove();
      }
    }
  }

  async function reload() {
    const answer = await ask(null);
    if (!answer) return;
    next = answer.next;
    await grid.setData(answer.items);
    options.onLoad?.(answer);
  }

  async function more() {
    if (waiting || next === null) return;
    const answer = await ask(next);
    if (!answer) return;
    next = answer.next;
    await grid.addData(answer.items, false);
    options.onLoad?.(answer);
  }

  built.then(() => {
    container.append(bones);
    if (!waiting) bones.remove();
    const holder = /** @type {HTMLElement} */ (container.querySelector(".tabulator-tableholder"));
    holder.addEventListener("scroll", () => {
      if (holder.scrollTop + holder.clientHeight > holder.scrollHeight - NEAR_PX) more();
    }, { passive: true });
  });
  // The server sorts: the grid only shows by what. It says so at every change of rows, too.
  grid.on("dataSorting", (/** @type {any[]} */ sorters) => {
    const [first] = sorters;
    const wanted = first ? (first.dir === "desc" ? "-" : "") + first.field : "";
    if (wanted === sort) return;
    sort = wanted;
    options.onSort?.(sort);
    reload();
  });
  return {
    reload,
    /** @param {string} wanted */
    async sortBy(wanted) {
      if (wanted === sort) return;
      await built;
      sort = wanted;
      grid.setSort(sortersOf(wanted));
      reload();
    },
  };
}

/** @param {string | undefined} sort */
function sortersOf(sort) {
  return sort ? [{ column: sort.replace("-", ""), dir: sort.startsWith("-") ? "desc" : "asc" }] : [];
}

/** @param {Column[]} columns @param {TableOptions} options */
function columnsOf(columns, options) {
  return columns.map((one) => column(one, Boolean(options.url)));
}

/** @param {Column} wanted @param {boolean} sortedByServer */
function column(wanted, sortedByServer) {
  const right = wanted.kind === "number" || wanted.kind === "money";
  return {
    field: wanted.field,
    title: wanted.title,
    width: wanted.width,
    ...(wanted.minWidth ? { minWidth: wanted.minWidth } : {}),
    headerSort: Boolean(wanted.sortable),
    ...(sortedByServer ? { sorter: () => 0 } : {}),
    // Other languages have longer words: a second line rather than an ellipsis.
    headerWordWrap: true,
    hozAlign: right ? "right" : "left",
    headerHozAlign: right ? "right" : "left",
    formatter: (/** @type {any} */ cell) => shown(wanted, cell.getValue(), cell.getData()),
    ...wanted.raw,
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

/** Rows with an action are reached by keyboard; arrows go from one to the next. @param {any} row @param {TableOptions} options */
function drawn(row, options) {
  const element = row.getElement();
  options.onDraw?.(element, row.getData());
  if (!options.onRow) return;
  element.tabIndex = 0;
  element.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.target !== element) return;
    if (event.key === "Enter") return options.onRow?.(row.getData(), event);
    const beside = event.key === "ArrowDown" ? row.getNextRow() : event.key === "ArrowUp" ? row.getPrevRow() : null;
    if (!beside) return options.onKey?.(event, row);
    event.preventDefault();
    beside.getElement().focus();
  };
}
