// @ts-check
/** Customers as cards, for a phone: in the sheet below the map, or as the whole page. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { customerLine } from "./map_record.js";

const EXACT_UP_TO = 100_000;
const PAGE = 30;

/**
 * @param {HTMLElement} container of a list
 * @param {{query: () => {filter: string, bbox: string | null}, colours: Map<string, string>, onChoose: (row: any) => void}} options
 */
export function createCards(container, { query, colours, onChoose }) {
  const end = el("li", { class: "cards-end" });
  let asking = new AbortController();
  let shown = "";
  let sort = "name";
  /** @type {string | null} */
  let cursor = null;
  let waiting = false;
  new IntersectionObserver(([entry]) => entry.isIntersecting && cursor && !waiting && load(cursor)).observe(end);

  /** @param {string | null} after */
  async function load(after) {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    waiting = true;
    container.setAttribute("aria-busy", "true");
    if (!after && !container.children.length) container.replaceChildren(...Array.from({ length: 6 }, () => el("li", { class: "map-line" }, el("span", { class: "skeleton near-bone" }))));
    const answer = await getJson("/api/v1/accounts", { query: { ...query(), sort, limit: PAGE, cursor: after }, signal, quiet: true }).catch(() => null);
    if (signal.aborted) return;
    waiting = false;
    container.removeAttribute("aria-busy");
    const rows = (answer?.items ?? []).map((/** @type {any} */ item) => customerLine(item, onChoose, colours.get(item.segment) ?? UNASSIGNED_COLOUR));
    cursor = answer?.next ?? null;
    if (after) end.before(...rows);
    else container.replaceChildren(...(rows.length ? rows : [answer ? nobody() : el("li", {}, failure(() => load(null)))]), end);
  }

  return {
    /** @param {string} by */
    show(by) {
      const wanted = JSON.stringify([query(), by]);
      if (wanted === shown) return;
      shown = wanted;
      sort = by;
      load(null);
    },
    forget() {
      shown = "";
    },
  };
}

function nobody() {
  return el("li", { class: "section muted" }, t("No customer here. Move the map, zoom out, or take a filter or the drawn area away."));
}

/**
 * "12 of 340 in view"
 * @param {{filter: string, bbox: string | null}} query @param {any} figures of all @param {AbortSignal} signal @param {boolean} drawn in an area that was drawn
 */
export async function countInView(query, figures, signal, drawn) {
  // Counting to the end is quick unless there are very many.
  const exact = figures && figures.count < EXACT_UP_TO;
  const found = await getJson("/api/v1/accounts/count", { query: { ...query, exact: exact || null }, signal, quiet: true });
  const words = document.getElementById("in-view");
  const all = figures?.count === null || !figures ? "" : formatNumber(figures.count);
  const seen = found.count === null ? "<10" : found.exact || found.rounded ? formatNumber(found.count) : `${formatNumber(found.count)}+`;
  if (!words) return;
  if (drawn) words.textContent = t("{n} in the drawn area", { n: seen });
  else if (query.bbox === null) words.textContent = t("all {n}", { n: seen });
  else words.textContent = all ? t("{n} of {all} in view", { n: seen, all }) : t("{n} in view", { n: seen });
}
