// @ts-check
/** The customers as a table: chosen columns, ticks, changes in place; rows and points light up together. */
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { createTable } from "../lib/table.js";
import { toast } from "../lib/toast.js";
import { chosenColumns } from "./map_columns.js";
import { before, editors, reread, saveChange } from "./map_edit.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

/**
 * @param {HTMLElement} container
 * @param {object} options
 * @param {any} options.page
 * @param {ViewState} options.state at first
 * @param {() => {filter: string, bbox: string | null}} options.query
 * @param {(changes: Partial<ViewState>) => void} options.change
 * @param {(row: any) => void} options.onChoose
 * @param {(row: any | null) => void} options.onHover
 * @param {() => void} options.onSaved
 */
export function createCustomerTable(container, { page, state: first, query, change, onChoose, onHover, onSaved }) {
  let state = first;
  let shown = "";
  let columns = state.columns.join();
  /** Where a range of ticks begins. @type {number | null} */
  let from = null;
  /** @type {number | null} */
  let current = null;
  const all = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", class: "form-check-input", "aria-label": t("Choose all that match") }));
  all.addEventListener("change", () => change({ ids: null, all: all.checked }));
  all.addEventListener("click", (event) => event.stopPropagation());

  const table = createTable(container, {
    url: "/api/v1/accounts",
    waits: true,
    query: () => ({ ...query(), limit: 50 }),
    columns: shownColumns(),
    sort: state.sort,
    onSort: (sort) => change({ sort }),
    onRow: (row, event) => {
      const target = event?.target;
      if (target instanceof Element && target.closest(".row-tick, .tabulator-editing")) return;
      onChoose(row);
    },
    onHover,
    onKey,
    onDraw: markRow,
    onLoad: () => current !== null && setTimeout(() => table.select(current), 0),
    empty: t("No customer here. Move the map, zoom out, or take a filter or the drawn area away."),
    label: t("Customers"),
    grid: { editTriggerEvent: "dblclick", movableColumns: true },
  });
  table.grid.on("cellEdited", edited);
  table.grid.on("columnResized", (/** @type {any} */ one) => {
    const fields = chosenColumns(state.columns).map((each) => each.field);
    keepColumns(fields, widthsChosen().set(one.getField(), Math.round(one.getWidth())));
  });
  table.grid.on("columnMoved", (/** @type {any} */ _one, /** @type {any[]} */ all) => {
    keepColumns(all.map((each) => each.getField()).filter((field) => field !== "id"), widthsChosen());
  });

  function shownColumns() {
    const fields = page.may.update ? editors(page) : {};
    const rest = chosenColumns(state.columns).map((one) => (fields[one.field] ? { ...one, raw: { editor: fields[one.field], cssClass: "may-edit" } } : one));
    return [tickColumn(), ...rest];
  }

  /** @returns {import("../lib/table.js").Column} */
  function tickColumn() {
    return {
      field: "id",
      title: "",
      width: 42,
      show: (_id, row) => tick(row),
      raw: { titleFormatter: () => all, headerSort: false, resizable: false, frozen: true, cssClass: "row-tick", minWidth: 42 },
    };
  }

  /** @param {any} row */
  function tick(row) {
    const box = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", class: "form-check-input", tabindex: -1, "aria-label": t("Choose {name}", { name: row.name }) }));
    box.checked = isTicked(row.id);
    box.addEventListener("click", (event) => {
      event.stopPropagation();
      ticked(row.id, box.checked, event.shiftKey);
    });
    return box;
  }

  const isTicked = (/** @type {number} */ id) => state.all || (state.ids ?? []).includes(id);

  /** @param {number} id @param {boolean} on @param {boolean} range from the one ticked before */
  function ticked(id, on, range) {
    const rows = table.grid.getData().map((/** @type {any} */ row) => row.id);
    const chosen = new Set(state.all ? rows : state.ids ?? []);
    const start = range && from !== null ? rows.indexOf(from) : -1;
    const end = rows.indexOf(id);
    const touched = start < 0 ? [id] : rows.slice(Math.min(start, end), Math.max(start, end) + 1);
    for (const one of touched) on ? chosen.add(one) : chosen.delete(one);
    from = id;
    change({ ids: chosen.size ? [...chosen] : null, all: false });
  }

  /** @param {KeyboardEvent} event @param {any} row */
  function onKey(event, row) {
    if (event.key === " ") {
      event.preventDefault();
      ticked(row.getData().id, !isTicked(row.getData().id), event.shiftKey);
    }
    if (event.key === "F2" || event.key === "e") {
      const cell = row.getCells().find((/** @type {any} */ one) => one.getElement().classList.contains("may-edit"));
      event.preventDefault();
      cell?.edit(true);
    }
  }

  /** @param {HTMLElement} element @param {any} row */
  function markRow(element, row) {
    element.dataset.id = row.id;
    element.classList.toggle("is-ticked", isTicked(row.id));
  }

  /** Ticks are state: bring those on the screen in line with it. */
  function showTicks() {
    all.checked = state.all;
    all.indeterminate = state.ids !== null;
    for (const element of container.querySelectorAll(".tabulator-row")) {
      const id = Number(/** @type {HTMLElement} */ (element).dataset.id);
      element.classList.toggle("is-ticked", isTicked(id));
      const box = element.querySelector(".row-tick input");
      if (box instanceof HTMLInputElement) box.checked = isTicked(id);
    }
  }

  /** @param {any} cell */
  async function edited(cell) {
    const [field, value, old] = [cell.getField(), cell.getValue(), cell.getOldValue()];
    if (JSON.stringify(value) === JSON.stringify(old)) return;
    const row = { ...cell.getData(), [field]: old };
    const saved = await saveChange(row, { [field]: value });
    if (!saved) {
      const now = await reread(row);
      return table.change(now ?? row);
    }
    await table.change(saved);
    onSaved();
    const undo = async () => {
      const back = await saveChange(saved, before(row, { [field]: value }));
      if (back) await table.change(back);
      onSaved();
    };
    toast(t("{name} was changed.", { name: row.name }), "good", { action: { words: t("Undo"), run: undo } });
  }

  /** Widths and order go into the address, and so into a saved view. @param {string[]} fields @param {Map<string, number>} widths */
  function keepColumns(fields, widths) {
    const entries = fields.map((field) => (widths.get(field) ? `${field}:${widths.get(field)}` : field));
    columns = entries.join();
    change({ columns: entries });
  }

  /** The widths somebody chose; other columns share what is left. @returns {Map<string, number>} */
  function widthsChosen() {
    return new Map(state.columns.map((entry) => entry.split(":")).map(([field, width]) => [field, Number(width) || 0]));
  }

  return {
    /** @param {ViewState} next @param {{force?: boolean}} [options] */
    show(next, { force = false } = {}) {
      state = next;
      if (state.columns.join() !== columns) {
        columns = state.columns.join();
        table.setColumns(shownColumns());
      }
      table.sortBy(state.sort);
      showTicks();
      const wanted = JSON.stringify(query());
      if (wanted === shown && !force) return;
      shown = wanted;
      table.reload();
    },
    /** @param {number | null} id */
    select(id) {
      current = id;
      table.select(id);
    },
    /** A point is under the pointer: its row lights up. @param {number | null} id */
    light(id) {
      for (const element of container.querySelectorAll(".tabulator-row.is-lit")) element.classList.remove("is-lit");
      if (id !== null) container.querySelector(`.tabulator-row[data-id="${id}"]`)?.classList.add("is-lit");
    },
  };
}
