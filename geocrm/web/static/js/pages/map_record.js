// @ts-check
/** What opens at a click: a customer's summary, the customers of a stack, a few words in a popup. */
import { getJson } from "../lib/api.js";
import { openPopup } from "../lib/basemap.js";
import { el, icon, swatch } from "../lib/dom.js";
import { openDrawer } from "../lib/drawer.js";
import { formatDate, formatDistance, formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { nearHereButton, newCustomerLink } from "./map_new.js";

const GRADES = /** @type {Record<string, () => string>} */ ({
  rooftop: () => t("Building"),
  interpolated: () => t("Between neighbours"),
  street: () => t("Street"),
  postcode: () => t("Postcode"),
  village: () => t("Village"),
  district: () => t("District"),
  regency: () => t("Regency"),
  region: () => t("Region"),
  country: () => t("Country"),
  none: () => t("No point"),
});

/** The words for a grade. @param {string} grade */
export function gradeWords(grade) {
  return GRADES[grade]?.() ?? grade;
}

/** The customer with this id, or null when it is gone. @param {number} id */
export async function fetchCustomer(id) {
  const filter = JSON.stringify({ field: "id", op: "in", value: [id] });
  const answer = await getJson("/api/v1/accounts", { query: { filter, limit: 1 } });
  return answer.items[0] ?? null;
}

/** @param {any} customer of /api/v1/accounts @param {{onZoom: (customer: any) => void}} actions */
export function openCustomer(customer, { onZoom }) {
  const placed = customer.lon !== null;
  const facts = [
    [t("Segment"), customer.segment ?? t("No segment")],
    [t("Owner"), customer.owner.name],
    [t("Territory"), customer.territory?.name ?? t("In no territory")],
    [t("Revenue a year"), formatMoney(customer.revenue)],
    [t("Last order"), customer.last_order ? formatDate(customer.last_order) : t("Never")],
    [t("Last visit"), customer.last_visit ? formatDate(customer.last_visit) : t("Never")],
    [t("Place"), placeWords(customer)],
  ];
  const content = el(
    "div",
    { class: "map-record" },
    placed ? null : el("div", { class: "notice notice-warn" }, icon("map-pin-off"), el("div", { class: "grow" }, t("This customer has no point on the map yet."))),
    el("dl", { class: "facts section" }, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el(
      "div",
      { class: "section row-line" },
      el("a", { class: "btn btn-primary", href: `/accounts/${customer.id}` }, icon("building-store"), t("Open customer")),
      placed ? el("button", { class: "btn", type: "button", onclick: () => onZoom(customer) }, icon("focus-2"), t("Zoom here")) : null,
    ),
  );
  return openDrawer({ title: customer.name, content });
}

/** @param {{grade: string, radius_m: number | null}} customer */
function placeWords(customer) {
  const words = gradeWords(customer.grade);
  return customer.radius_m ? `${words} ± ${formatDistance(customer.radius_m)}` : words;
}

/**
 * The customers on one point, page by page.
 * @param {number} key @param {string} filter @param {(customer: any) => void} onChoose
 */
export async function openStack(key, filter, onChoose) {
  const list = el("ul", { class: "map-list" });
  const more = el("button", { class: "btn btn-wide", type: "button", hidden: true }, t("Show more"));
  /** @type {string | null} */
  let cursor = null;
  const load = async () => {
    const answer = await getJson("/api/v1/accounts/at", { query: { stack: key, filter, cursor } });
    cursor = answer.next;
    more.hidden = cursor === null;
    list.append(...answer.items.map((/** @type {any} */ item) => customerLine(item, onChoose)));
  };
  more.addEventListener("click", load);
  openDrawer({ title: t("Customers on one point"), content: [list, el("div", { class: "section" }, more)] });
  await load();
}

/** A line of a list. @param {any} item @param {(customer: any) => void} onChoose @param {string} [colour] */
export function customerLine(item, onChoose, colour) {
  const detail = [item.segment, formatMoney(item.revenue, { compact: true }), item.owner?.name].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    el(
      "button",
      { class: "map-line", type: "button", "data-id": item.id, onclick: () => onChoose(item) },
      colour ? swatch(colour) : icon("building-store"),
      el("span", { class: "grow truncate" }, el("strong", {}, item.name), el("small", { class: "muted" }, detail)),
      item.lon === null ? icon("map-pin-off", "i-s") : null,
    ),
  );
}

/**
 * A few words about what the pointer is on.
 * @param {any} properties of a feature of a tile
 * @param {{segments: Map<string, string>, territoryName: (id: number) => string}} page
 */
export function glance(properties, page) {
  if (properties.point_count === undefined) {
    const parts = [properties.segment, properties.territory && page.territoryName(properties.territory)];
    const words = parts.filter(Boolean).join(" · ");
    const place = properties.grade ? el("div", { class: "muted small" }, placeWords(properties)) : null;
    return el("div", {}, el("strong", {}, properties.name ?? t("Customer")), el("div", { class: "muted small" }, words), place);
  }
  const rows = [...page.segments.keys(), "other"].filter((name) => properties[`seg_${name}`]);
  return el(
    "div",
    { class: "map-glance" },
    el("strong", {}, tn("{n} customer", "{n} customers", { n: properties.point_count })),
    properties.revenue === undefined ? null : el("span", { class: "muted small" }, formatMoney(properties.revenue, { compact: true })),
    ...rows.map((name) =>
      el(
        "span",
        { class: "map-glance-row small" },
        swatch(page.segments.get(name) ?? UNASSIGNED_COLOUR),
        el("span", {}, name === "other" ? t("Others") : t("Segment {name}", { name })),
        el("span", { class: "num" }, formatNumber(properties[`seg_${name}`])),
      ),
    ),
    properties.stack === undefined ? null : el("span", { class: "muted small" }, t("All on one point; click to list them")),
  );
}

/**
 * A place that was searched for.
 * @param {any} map @param {any} found @param {boolean} mayAdd @param {(() => void) | null} near
 */
export function openPlace(map, found, mayAdd, near) {
  const at = { lng: found.lon, lat: found.lat };
  const exact = ["address", "street", "poi"].includes(found.kind);
  const content = el(
    "div",
    { class: "map-glance" },
    el("strong", {}, found.label),
    el("span", { class: "muted small" }, found.detail ?? ""),
    mayAdd && exact ? newCustomerLink(at) : null,
    near ? nearHereButton(at, () => (popup.remove(), near())) : null,
  );
  const popup = openPopup(map, [found.lon, found.lat], content, { focusAfterOpen: false });
  return popup;
}
