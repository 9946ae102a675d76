// @ts-check
/** Pointing at hexagons and regions: their figures, and a click that goes nearer or sets the focus. */
import { openPopup } from "../lib/basemap.js";
import { el, swatch } from "../lib/dom.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { isChoosingPlace } from "./map_new.js";
import { nameOf } from "./map_regions.js";

/** How far a click on a hexagon goes in. */
const NEARER = 2;

/**
 * @param {any} map
 * @param {{regions: any, segments: string[], colours: Map<string, string>, state: () => any, onFocus: (focus: string[]) => void}} page
 */
export function bindGround(map, { regions, segments, colours, state, onFocus }) {
  /** @type {any} */
  let popup = null;
  /** @type {any} */
  let hovered = null;

  const under = (/** @type {any} */ point) => {
    const layers = ["hexagons", regions.layer()].filter((id) => id && map.getLayer(id));
    return layers.length ? map.queryRenderedFeatures(point, { layers })[0] : undefined;
  };
  const mark = (/** @type {any} */ feature, /** @type {boolean} */ hover) =>
    map.setFeatureState({ source: feature.source, sourceLayer: feature.sourceLayer, id: feature.id }, { hover });

  map.on("mousemove", (/** @type {any} */ event) => {
    const feature = under(event.point);
    const same = feature && hovered && feature.id === hovered.id && feature.source === hovered.source;
    if (same) return popup?.setLngLat(event.lngLat);
    leave();
    if (!feature) return;
    const content = feature.source === "hexagons" ? hexagon(feature.properties) : region(regions.of(feature.properties.code), feature.properties);
    hovered = feature;
    mark(feature, true);
    popup = openPopup(map, event.lngLat, content, { closeButton: false, closeOnClick: false, focusAfterOpen: false, className: "map-hover" });
  });
  map.on("mouseout", leave);
  map.on("click", (/** @type {any} */ event) => {
    const feature = isChoosingPlace() ? undefined : under(event.point);
    if (!feature) return;
    if (feature.source === "hexagons") map.easeTo({ center: event.lngLat, zoom: Math.min(map.getZoom() + NEARER, 19) });
    else choose(regions.of(feature.properties.code), event.originalEvent);
  });

  function leave() {
    popup?.remove();
    popup = null;
    if (hovered && map.getSource(hovered.source)) mark(hovered, false);
    hovered = null;
  }

  /** @param {any} one @param {MouseEvent} event */
  function choose(one, event) {
    if (one) onFocus(focusAfter(state().focus, String(one.code), event));
  }

  /** @param {any} figures @param {Node} heading */
  function sheet(figures, heading) {
    const money = figures.revenue ? t("{money} a year, {average} on average", { money: formatMoney(figures.revenue, { compact: true }), average: formatMoney(figures.revenue / figures.count, { compact: true }) }) : "";
    const rows = segments.filter((name) => figures.segments[name]);
    return el(
      "div",
      { class: "map-glance" },
      heading,
      money ? el("span", { class: "muted small" }, money) : null,
      ...rows.map((name) =>
        el(
          "span",
          { class: "map-glance-row small" },
          swatch(colours.get(name) ?? ""),
          el("span", {}, t("Segment {name}", { name })),
          el("span", { class: "num" }, `${formatNumber(figures.segments[name])} · ${formatShare(figures.segments[name] / figures.count, { digits: 0 })}`),
        ),
      ),
    );
  }

  /** @param {any} properties of a feature */
  function hexagon(properties) {
    const of = Object.fromEntries(segments.map((name) => [name, properties[`seg_${name}`]]));
    return sheet({ ...properties, segments: of }, el("strong", {}, customers(properties.count)));
  }

  /** @param {any} one @param {any} properties of the unit */
  function region(one, properties) {
    if (!one) return el("div", { class: "map-glance" }, el("strong", {}, nameOf(properties)), el("span", { class: "muted small" }, t("No customers to show here")));
    const heading = el("div", {}, el("strong", {}, nameOf(one) ?? ""), one.owner ? el("div", { class: "muted small" }, one.owner) : null, el("div", {}, customers(one.count)));
    return sheet(one, heading);
  }
}

/** @param {number} n */
const customers = (n) => tn("{n} customer", "{n} customers", { n });

/**
 * What is in focus after a click on a value: that alone, or nothing when it was so; with Ctrl, Cmd
 * or Shift, and under a finger, which has no keys, it joins the others or leaves them.
 * @param {string[]} focus @param {string} key @param {{ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, pointerType?: string}} event
 */
export function focusAfter(focus, key, event) {
  const among = focus.includes(key);
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.pointerType === "touch") return among ? focus.filter((one) => one !== key) : [...focus, key];
  return among && focus.length === 1 ? [] : [key];
}
