// @ts-check
/** The map of customers: one state, shown by tiles, legend, list and drawer together. */
import { getJson } from "../lib/api.js";
import { createMap, fit, openPopup } from "../lib/basemap.js";
import { openDrawer } from "../lib/drawer.js";
import { t } from "../lib/i18n.js";
import { searchNear } from "../lib/search.js";
import { toast } from "../lib/toast.js";
import { keepView, onStateChange, readState, readView, writeState } from "../lib/url_state.js";
import { addCustomers, CUSTOMER_LAYERS, showBorders } from "./map_layers.js";
import { countInView, createList } from "./map_list.js";
import { createAreas } from "./map_areas.js";
import { bindNewCustomer, isChoosingPlace } from "./map_new.js";
import { bindPanel, nothing, offerChoices, showFigures, showLegend, showState } from "./map_panel.js";
import { fetchCustomer, glance, openCustomer, openPlace, openStack } from "./map_record.js";
import { filterOf, keepState, stateOfAddress } from "./map_state.js";

/** @typedef {import("./map_state.js").MapState} MapState */

const INDONESIA = /** @type {[number, number, number, number]} */ ([94.5, -11.2, 141.2, 6.3]);
const SETTLE_MS = 250;
const page = JSON.parse(document.getElementById("map-page")?.textContent ?? "{}");

let state = stateOfAddress();
/** @type {any} */
let everybody = null;
/** @type {any} */
let figures = null;
let viewing = new AbortController();
let asking = new AbortController();
let timer = 0;
/** Figures by filter, as long as the page stands. @type {Map<string, Promise<any>>} */
const known = new Map();

// The figures need no map, so they do not wait for it.
const asked = getJson("/api/v1/accounts/summary");
asked.then((found) => {
  everybody = found;
  if (filterOf(state) === "") showFigures(found, state);
});

const view = readView();
const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("map")), {
  label: t("Map of customers. Arrow keys move it, plus and minus zoom; the list names who is in view."),
  maxZoom: 19,
  ...(view ?? {}),
});
if (!view) fit(map, page.box ?? INDONESIA, { duration: 0, padding: page.box ? 60 : 16 });
const customers = addCustomers(map, page, filterOf(state));
const names = {
  territory: (/** @type {string | number} */ id) => page.territories.find((/** @type {any} */ one) => one.id === Number(id))?.name ?? t("Territory {id}", { id }),
  owner: (/** @type {string} */ id) => everybody?.owners.find((/** @type {any} */ one) => one.value === Number(id))?.label ?? id,
};
const list = page.individuals
  ? createList({
      query: () => ({ filter: filterOf(state), bbox: bbox() }),
      colours: customers.colours.segments,
      onChoose: (row) => choose(row, { fly: true }),
      onHover: (row) => customers.point(row && row.lon !== null ? [row.lon, row.lat] : null, row?.radius_m),
    })
  : null;

bindPanel(state, page, change);
bindMap();
document.getElementById("open-areas")?.addEventListener("click", () => {
  const content = document.createElement("div");
  createAreas(content, { onUse: (area) => fit(map, area.box) });
  openDrawer({ title: t("Areas"), content });
});
bindNewCustomer(map, document.getElementById("new-customer"));
keepView(map);
searchNear(() => {
  const { lng, lat } = map.getCenter().wrap();
  return { lon: lng, lat, zoom: map.getZoom() };
});
show();
await start();

/** Load the choices and the customer that the address names. */
async function start() {
  await asked;
  offerChoices(everybody, page.territories, state);
  const welcome = document.getElementById("welcome");
  if (welcome) welcome.hidden = everybody.count !== 0 || !page.individuals;
  refresh();
  const chosen = Number(readState().customer);
  if (page.individuals && Number.isInteger(chosen) && chosen > 0) {
    const customer = await fetchCustomer(chosen);
    if (customer) choose(customer, { fly: !view });
    else writeState({ customer: null });
  }
}

/** @param {Partial<MapState>} changes */
function change(changes) {
  const before = filterOf(state);
  state = { ...state, ...changes };
  keepState(state, { push: true });
  show();
  if (filterOf(state) !== before) refresh();
  else drawLegend();
}

/** What needs no answer of the server. */
function show() {
  showState(state, names, change);
  customers.colour(state.colour);
  showBorders(map, state.borders, page.layers);
}

/** Ask for everything that depends on the filter. */
async function refresh() {
  customers.filter(filterOf(state));
  follow();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    figures = await figuresOf(filterOf(state), signal);
    showFigures(figures, state);
    showState(state, names, change);
    drawLegend();
    follow();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What the legend counts: the filter without its own part, so that a row can be added again. */
function legendFilter() {
  return filterOf(state, { without: state.colour === "segment" ? "segments" : "territory" });
}

async function drawLegend() {
  const legend = await figuresOf(legendFilter(), asking.signal).catch(() => null);
  if (legend) showLegend(state.colour === "segment" ? legend.segments : legend.territories, state, customers.colours, change);
}

/** @param {string} filter @param {AbortSignal} signal */
function figuresOf(filter, signal) {
  if (filter === "" && everybody) return Promise.resolve(everybody);
  const found = known.get(filter) ?? getJson("/api/v1/accounts/summary", { query: { filter }, signal });
  known.set(filter, found);
  found.catch(() => known.delete(filter));
  if (known.size > 20) known.delete([...known.keys()][0]);
  return found;
}

/** The list follows the map, once it rests. */
function follow() {
  clearTimeout(timer);
  timer = window.setTimeout(async () => {
    viewing.abort();
    viewing = new AbortController();
    const { signal } = viewing;
    list?.reload();
    try {
      await countInView({ filter: filterOf(state), bbox: bbox() }, figures, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }, SETTLE_MS);
}

/** The view as west,south,east,north; null when all the world is in view, and for those on no map. */
function bbox() {
  if (state.point === "weak") return null;
  const bounds = map.getBounds();
  const [west, east] = [bounds.getWest(), bounds.getEast()];
  if (east - west >= 360) return null;
  const turn = (/** @type {number} */ lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const lat = (/** @type {number} */ value) => Math.max(-90, Math.min(90, value));
  return [turn(west), lat(bounds.getSouth()), turn(east), lat(bounds.getNorth())].map((one) => one.toFixed(6)).join(",");
}

function bindMap() {
  map.on("moveend", follow);
  let popup = /** @type {any} */ (null);
  let pointed = null;
  const point = (/** @type {any} */ feature) => {
    const { id, radius_m } = feature?.properties ?? {};
    if ((id ?? null) === pointed) return;
    pointed = id ?? null;
    customers.point(pointed && radius_m ? feature.geometry.coordinates : null, radius_m);
  };
  map.on("mousemove", (/** @type {any} */ event) => {
    const [feature] = map.queryRenderedFeatures(event.point, { layers: CUSTOMER_LAYERS });
    map.getCanvas().style.cursor = isChoosingPlace() ? "crosshair" : feature ? "pointer" : "";
    popup?.remove();
    popup = null;
    point(feature);
    if (!feature) return list?.select(null);
    const content = glance(feature.properties, { segments: customers.colours.segments, territoryName: names.territory });
    popup = openPopup(map, feature.geometry.coordinates, content, { closeButton: false, closeOnClick: false, focusAfterOpen: false, className: "map-hover" });
    if (feature.properties.id) list?.select(feature.properties.id);
  });
  map.on("mouseout", () => {
    popup?.remove();
    point(null);
  });
  map.on("click", (/** @type {any} */ event) => {
    if (isChoosingPlace()) return;
    const box = [[event.point.x - 6, event.point.y - 6], [event.point.x + 6, event.point.y + 6]];
    const [feature] = map.queryRenderedFeatures(box, { layers: CUSTOMER_LAYERS });
    if (feature) clicked(feature);
  });
  document.addEventListener("search:choose", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (detail.lon === null || detail.lon === undefined) return;
    event.preventDefault();
    if (detail.id && page.individuals && detail.group !== "places") chooseById(detail.id, { fly: true });
    else showPlace(detail);
  });
  document.addEventListener("drawer:close", () => {
    customers.choose(null);
    writeState({ customer: null });
  });
  document.getElementById("figures")?.addEventListener("click", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-change]"))) return;
    event.preventDefault();
    change({ ...nothing(), segments: state.segments, territory: state.territory, owner: state.owner, point: "weak" });
  });
  onStateChange(() => {
    const before = filterOf(state);
    state = stateOfAddress();
    show();
    if (filterOf(state) !== before) refresh();
    else drawLegend();
  });
}

/** Go to a place that was searched for; at a street or house one may add a customer. @param {any} found */
function showPlace(found) {
  map.flyTo({ center: [found.lon, found.lat], zoom: found.zoom ?? 13 });
  if (["address", "street", "poi"].includes(found.kind)) openPlace(map, found, Boolean(document.getElementById("new-customer")));
}

/** @param {any} feature */
function clicked(feature) {
  const { id, stack } = feature.properties;
  const [lon, lat] = feature.geometry.coordinates;
  if (id) chooseById(id, {});
  else if (stack !== undefined && page.individuals) openStack(stack, filterOf(state), (row) => choose(row, {}));
  else map.easeTo({ center: [lon, lat], zoom: Math.min(map.getZoom() + 2.2, 19) });
}

/** @param {number} id @param {{fly?: boolean}} options */
async function chooseById(id, options) {
  const customer = await fetchCustomer(id);
  if (customer) choose(customer, options);
  else toast(t("This customer is no longer yours or no longer there."), "warn");
}

/** Show one customer everywhere. @param {any} customer @param {{fly?: boolean}} options */
function choose(customer, { fly }) {
  const there = customer.lon === null ? null : /** @type {[number, number]} */ ([customer.lon, customer.lat]);
  openCustomer(customer, { onZoom: () => there && map.flyTo({ center: there, zoom: 16 }) });
  customers.choose(there, customer.radius_m);
  list?.select(customer.id);
  writeState({ customer: customer.id });
  if (there && fly) map.flyTo({ center: there, zoom: Math.max(map.getZoom(), 13) });
}
