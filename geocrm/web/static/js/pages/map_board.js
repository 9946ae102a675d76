// @ts-check
/** Customers as cards in columns; a card moves to another column by drag or by its menu, and back. */
import { getJson } from "../lib/api.js";
import { el, icon, swatch } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { formatDate, formatMoney, formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { openMenu } from "../lib/pop_menu.js";
import { toast } from "../lib/toast.js";
import { before, reread, saveChange } from "./map_edit.js";
import { fetchGroups, groupColours, groupWords, ordered } from "./map_groups.js";
import { shownTree } from "./map_state.js";
import { textOf, withPart } from "./map_tree.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */
/** @typedef {import("./map_groups.js").Group} Group */
/** @typedef {{group: Group, element: HTMLElement, list: HTMLElement, total: HTMLElement, cursor: string | null, started: boolean, loading: boolean}} Lane */

const CARDS = 20; // a page of a column
const MAX_LANES = 40;
const BONE_LANES = 5; // as many as there are segments, the usual columns

/** A column before it is known which there are. */
function boneLane() {
  const bones = Array.from({ length: 4 }, () => el("div", { class: "skeleton board-bone" }));
  const head = el("header", { class: "board-head" }, el("div", { class: "skeleton board-head-bone" }));
  return el("div", { class: "board-lane", "aria-hidden": "true" }, head, el("div", { class: "board-scroll" }, ...bones));
}

/**
 * @param {HTMLElement} container
 * @param {{page: any, onChoose: (row: any) => void, onMoved: () => void}} options
 */
export function createBoard(container, { page, onChoose, onMoved }) {
  let shown = "";
  let by = "segment";
  let tree = /** @type {any} */ (null);
  let asking = new AbortController();
  /** @type {Lane[]} */
  let lanes = [];
  /** @type {{row: any, lane: Lane, card: HTMLElement} | null} */
  let dragged = null;
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        const lane = lanes.find((one) => one.element === target || one.list.nextElementSibling === target);
        if (isIntersecting && lane) more(lane);
      }
    },
    { root: null, rootMargin: "300px" },
  );

  /** @param {string} text the filter @param {string} sort */
  async function load(text, sort) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    container.setAttribute("aria-busy", "true");
    if (!lanes.length) container.replaceChildren(...Array.from({ length: BONE_LANES }, boneLane));
    const found = await fetchGroups(by, text, signal).catch(() => null);
    if (signal.aborted) return;
    container.removeAttribute("aria-busy");
    seen.disconnect();
    if (!found) {
      lanes = [];
      return container.replaceChildren(failure(() => load(text, sort)));
    }
    const colour = groupColours(by, page);
    lanes = ordered(by, found, page).slice(0, MAX_LANES).map((group, index) => laneOf(group, colour(group, index), sort));
    container.replaceChildren(...lanes.map((lane) => lane.element));
    for (const lane of lanes) seen.observe(/** @type {Element} */ (lane.list.nextElementSibling));
  }

  /** @param {Group} group @param {string} colour @param {string} sort @returns {Lane} */
  function laneOf(group, colour, sort) {
    const words = groupWords(by, group);
    const list = el("ul", { class: "board-cards", "aria-label": words });
    const total = el("div", { class: "muted small num" });
    const element = el(
      "section",
      { class: "board-lane", "data-sort": sort, "aria-label": words },
      el("header", { class: "board-head" }, el("h2", { class: "board-title" }, swatch(colour), el("span", { class: "truncate" }, words)), total),
      el("div", { class: "board-scroll" }, list, el("div", { class: "board-end" })),
    );
    const lane = { group, element, list, total, cursor: null, started: false, loading: false };
    showTotal(lane);
    if (takesCards(group)) bindDrop(lane);
    return lane;
  }

  /** @param {Lane} lane */
  function showTotal({ group, total }) {
    const money = group.revenue === null ? "" : ` · ${formatMoney(group.revenue, { compact: true })}`;
    total.textContent = formatNumber(group.count) + money;
  }

  /** The next page of a column's cards. @param {Lane} lane */
  async function more(lane) {
    if (lane.loading || (lane.started && lane.cursor === null) || !lane.group.part || !lane.group.count) return emptyNote(lane);
    lane.loading = true;
    const { signal } = asking;
    const end = /** @type {HTMLElement} */ (lane.list.nextElementSibling);
    if (!lane.started) end.replaceChildren(...Array.from({ length: 4 }, () => el("div", { class: "skeleton board-bone" })));
    const query = { filter: textOf(withPart(tree, lane.group.part)), sort: lane.element.dataset.sort, limit: CARDS, cursor: lane.cursor };
    const answer = await getJson("/api/v1/accounts", { query, signal }).catch(() => null);
    if (signal.aborted) return;
    lane.loading = false;
    end.replaceChildren();
    if (!answer) return end.replaceChildren(failure(() => more(lane)));
    lane.started = true;
    lane.cursor = answer.next;
    lane.list.append(...answer.items.map((/** @type {any} */ row) => card(row, lane)));
    // Watched anew, as what is still in sight after a page does not come into sight again.
    seen.unobserve(end);
    seen.observe(end);
  }

  /** @param {Lane} lane */
  function emptyNote(lane) {
    const end = /** @type {HTMLElement} */ (lane.list.nextElementSibling);
    const words = takesCards(lane.group) ? t("Nobody here. Drag a card to this column.") : t("Nobody here.");
    if (!lane.group.count) end.replaceChildren(el("p", { class: "muted small board-empty" }, words));
  }

  /** Whether a card may be moved into a column. @param {Group} group */
  function takesCards(group) {
    if (!page.may.update) return false;
    if (by === "segment") return group.value === null || page.segments.includes(group.value);
    return by === "owner" && page.owners.some((/** @type {any} */ one) => one.id === group.value);
  }

  /** @param {any} row @param {Lane} lane @returns {HTMLElement} */
  function card(row, lane) {
    const moves = page.may.update && (by === "segment" || by === "owner");
    const detail = [formatMoney(row.revenue, { compact: true }), by === "owner" ? row.segment : row.owner.name].filter(Boolean).join(" · ");
    const last = row.last_order ? t("Ordered {date}", { date: formatDate(row.last_order) }) : t("Never ordered");
    const element = el(
      "li",
      { class: "board-card", draggable: moves ? "true" : null, "data-id": row.id },
      el(
        "button",
        { class: "board-open", type: "button", onclick: () => onChoose(row) },
        el("strong", { class: "truncate" }, row.name),
        el("small", { class: "truncate" }, detail),
        el("small", { class: "muted truncate" }, last),
      ),
    );
    if (moves) {
      const button = el("button", { class: "btn btn-ghost btn-icon board-move", type: "button", "aria-label": t("Move {name} to …", { name: row.name }) }, icon("dots-vertical", "i-s"));
      button.addEventListener("click", () => offer(button, row, element));
      element.append(button);
      element.addEventListener("dragstart", (event) => startDrag(event, row, element));
      element.addEventListener("dragend", () => endDrag());
    }
    return element;
  }

  /** @param {HTMLElement} button @param {any} row @param {HTMLElement} element */
  function offer(button, row, element) {
    const home = laneAround(element);
    const targets = lanes.filter((lane) => lane !== home && takesCards(lane.group));
    const items = targets.map((lane) => ({
      words: groupWords(by, lane.group),
      swatch: /** @type {Node} */ (lane.element.querySelector(".swatch")?.cloneNode()),
      run: () => move(row, element, lane),
    }));
    openMenu(button, items, { label: t("Move to …") });
  }

  /** @param {Element} element @returns {Lane} */
  function laneAround(element) {
    return /** @type {Lane} */ (lanes.find((lane) => lane.element.contains(element)));
  }

  /** @param {DragEvent} event @param {any} row @param {HTMLElement} card */
  function startDrag(event, row, card) {
    dragged = { row, lane: laneAround(card), card };
    event.dataTransfer?.setData("text/plain", row.name);
    if (event.dataTransfer) event.dataTransfer.effectAllowed = "move";
    card.classList.add("is-dragged");
    for (const lane of lanes) lane.element.classList.toggle("takes-cards", takesCards(lane.group) && lane !== dragged.lane);
  }

  function endDrag() {
    dragged?.card.classList.remove("is-dragged");
    dragged = null;
    for (const lane of lanes) lane.element.classList.remove("takes-cards", "is-over");
  }

  /** @param {Lane} lane */
  function bindDrop(lane) {
    const { element } = lane;
    element.addEventListener("dragover", (event) => {
      if (!dragged || dragged.lane === lane) return;
      event.preventDefault();
      element.classList.add("is-over");
    });
    element.addEventListener("dragleave", (event) => {
      if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) element.classList.remove("is-over");
    });
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      const moved = dragged;
      endDrag();
      if (moved) move(moved.row, moved.card, lane);
    });
  }

  /** Seen at once; put where it belongs when the server refuses. @param {any} row @param {HTMLElement} element @param {Lane} to */
  async function move(row, element, to) {
    const from = laneAround(element);
    const change = by === "segment" ? { segment: to.group.value } : { owner: page.owners.find((/** @type {any} */ one) => one.id === to.group.value) };
    place(row, element, from, to);
    const saved = await saveChange(row, change);
    if (!saved) return settle(row, element, from);
    const fresh = card(saved, to);
    element.replaceWith(fresh);
    fresh.querySelector("button")?.focus();
    onMoved();
    const undo = async () => {
      const back = await saveChange(saved, before(row, change));
      if (!back) return settle(saved, fresh, to);
      const again = card(back, from);
      fresh.replaceWith(again);
      place(back, again, to, from);
      onMoved();
    };
    toast(t("{name} is now in {column}.", { name: row.name, column: groupWords(by, to.group) }), "good", { action: { words: t("Undo"), run: undo } });
  }

  /**
   * Nothing was saved: the card goes where the customer is by now, which somebody else may have said meanwhile.
   * @param {any} row @param {HTMLElement} element @param {Lane} home where it was when nobody did
   */
  async function settle(row, element, home) {
    const now = (await reread(row)) ?? row;
    const value = by === "segment" ? now.segment : now.owner.id;
    const real = lanes.find((lane) => lane.group.value === value) ?? home;
    const fresh = card(now, real);
    const shown = laneAround(element);
    element.replaceWith(fresh);
    if (real !== shown) place(now, fresh, shown, real);
    onMoved();
  }

  /** @param {any} row @param {HTMLElement} element @param {Lane} from @param {Lane} to */
  function place(row, element, from, to) {
    to.list.prepend(element);
    from.group = { ...from.group, count: from.group.count - 1, revenue: (from.group.revenue ?? 0) - row.revenue };
    to.group = { ...to.group, count: to.group.count + 1, revenue: (to.group.revenue ?? 0) + row.revenue };
    for (const lane of [from, to]) {
      showTotal(lane);
      if (lane.group.count) lane.list.nextElementSibling?.replaceChildren();
      else emptyNote(lane);
    }
  }

  return {
    /** @param {ViewState} state */
    show(state) {
      const text = textOf(shownTree(state));
      const wanted = [state.group, text, state.sort].join("|");
      if (wanted === shown) return;
      shown = wanted;
      by = state.group;
      tree = shownTree(state);
      load(text, state.sort);
    },
    /** Somebody was changed elsewhere: the next show loads anew. */
    forget() {
      shown = "";
    },
  };
}
