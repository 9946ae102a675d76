// @ts-check
/** The customers as map, table, board or chart: one state, shown by all parts together. */
import { getJson } from "../lib/api.js";
import { createMap, fit } from "../lib/basemap.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { t } from "../lib/i18n.js";
import { searchNear } from "../lib/search.js";
import { toast } from "../lib/toast.js";
import { keepView, onStateChange, readState, readView, writeState } from "../lib/url_state.js";
import { createAreas } from "./map_areas.js";
import { createBoard } from "./map_board.js";
import { createChart } from "./map_chart.js";
import { createBulk } from "./map_bulk.js";
import { segmentColours } from "./map_colours.js";
import { offerCommands } from "./map_commands.js";
import { createDrawing } from "./map_drawing.js";
import { createFilterGround } from "./map_filter_ground.js";
import { createFilters } from "./map_filters.js";
import { createLayers, CUSTOMER_LAYERS } from "./map_layers.js";
import { createLegend } from "./map_legend.js";
import { countInView, createCards } from "./map_list.js";
import { createModes, modeWords } from "./map_modes.js";
import { createNearby, placeOfText } from "./map_nearby.js";
import { bindNewCustomer, isChoosingPlace } from "./map_new.js";
import { createPanel, showFigures, showNoFigures } from "./map_panel.js";
import { bindPointing } from "./map_pointing.js";
import { fetchCustomer, openCustomer, openPlace, openStack } from "./map_record.js";
import { createSelection } from "./map_selection.js";
import { completed, essence, followsMap, isPhone, keepState, shownTree, stateOfAddress } from "./map_state.js";
import { createCustomerTable } from "./map_table.js";
import { asksForUnplaced, replaced, textOf } from "./map_tree.js";
import { createViews } from "./map_views.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const INDONESIA = /** @type {[number, number, number, number]} */ ([94.5, -11.2, 141.2, 6.3]);
const SETTLE_MS = 250;
const page = JSON.parse(document.getElementById("map-page")?.textContent ?? "{}");
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

let state = stateOfAddress();
if (page.view && !location.search) begin(page.view);
/** @type {any} */
let everybody = null;
/** @type {any} */
let figures = null;
/** The filter they are of. @type {string | null} */
let figuresFor = null;
let viewing = new AbortController();
let asking = new AbortController();
let timer = 0;
/** Where the map looks, once it is there. @type {string | null | undefined} */
let bbox;
/** Whether the map is there: the other parts work before. */
let ready = false;
/** The first mode that shows a map wants one: table, board and chart do not wait for it. */
const mapWanted = deferred();
const mapThere = deferred();
/** Who is shown in the drawer. @type {any} */
let chosen = null;
/** Figures by filter, as long as the page stands. @type {Map<string, any>} */
const known = new Map();
const segments = segmentColours(page.segments);

// Figures, table, board and chart need no map, so they do not wait for it.
const asked = getJson("/api/v1/accounts/summary");
asked.then(
  (found) => {
    everybody = found;
    if (textOf(state.filter) === "") showFigures(found, state);
  },
  () => showNoFigures(again),
);
const query = () => ({ filter: textOf(shownTree(state)), bbox: followsMap(state) ? bbox ?? null : null });
const parts = { current: () => state, change, page };
const modes = createModes(page, parts);
const panel = createPanel(page, parts);
const names = {
  territory: (/** @type {string | number} */ id) => page.territories.find((/** @type {any} */ one) => one.id === Number(id))?.name,
  owner: (/** @type {string | number} */ id) => everybody?.owners.find((/** @type {any} */ one) => one.value === Number(id))?.label,
};
const filters = createFilters({ chips: byId("chips"), builder: byId("filters") }, { names, view: look, onChange: (filter) => change({ filter }) });
const views = createViews(byId("views"), { current: () => essence(state), onOpen: openView, onNumber: (id) => change({ view: id }), roles: page.roles, start: state.view });
const board = page.individuals ? createBoard(byId("board"), { page, onChoose: (row) => choose(row, {}), onMoved: changedSomebody }) : null;
const chart = createChart(byId("chart"), parts);
const cards = page.individuals ? createCards(byId("cards"), { query, colours: segments, onChoose: (row) => choose(row, {}) }) : null;
const sheet = page.individuals ? createCards(byId("sheet-list"), { query, colours: segments, onChoose: (row) => choose(row, { fly: true }) }) : null;
/** @type {ReturnType<typeof createCustomerTable> | null} */
let table = null;
const selection = createSelection({ page, colours: segments, change, busy: () => ready && drawing.isDrawing(), onFigures: () => bulk?.show() });
const bulk = page.individuals ? createBulk(byId("bulk"), { meant: selection.meant, page, onDone: changedSomebody }) : null;
offerCommands(change);
bindPage();
if (state.view && new URLSearchParams(location.search).size === 1) views.open(state.view);
searchNear(look);
showWithoutMap();
start();

await mapWanted.kept;
const view = readView();
const map = await createMap(byId("map"), {
  label: t("Map of customers. Arrow keys move it, plus and minus zoom; the list names who is in view."),
  maxZoom: 19,
  ...(view ?? {}),
});
// A saved view may have been opened meanwhile.
const there = readView();
if (there) map.jumpTo(there);
else fit(map, page.box ?? INDONESIA, { duration: 0, padding: page.box ? 60 : 16 });
bbox = boxInView();
const legend = createLegend(byId("legend"), { page, onChange: change });
const customers = createLayers(map, page, {
  onFigures: (_, found) => legend.show(state, found),
  onFocus: (focus) => change({ focus }),
});
const territoryName = (/** @type {number} */ id) => names.territory(id) ?? t("Territory {id}", { id });
const drawing = createDrawing(map, change);
const filterGround = createFilterGround(map);
const nearby = page.individuals
  ? createNearby(map, { filter: () => textOf(state.filter), onChoose: (row) => (nearby?.leave(), choose(row, {})), onHover: pointAt })
  : null;

bindMap();
bindNewCustomer(map, document.getElementById("new-customer"), nearby ? (lonLat) => nearby.around(lonLat) : null);
keepView(map);
ready = true;
mapThere.keep();
show();
follow();
if (chosen) pointOut(chosen, { fly: !there });
const around = placeOfText(readState().near);
if (around) nearby?.around(around);

/** What the person's role begins with. @param {{id: number, state: any}} first */
function begin(first) {
  state = { ...completed(first.state), view: first.id };
  if (first.state.at) writeState({ at: first.state.at });
  keepState(state);
}

/** @param {Record<string, any>} saved @param {number | null} id */
function openView(saved, id) {
  change({ ...completed(saved), view: id });
  if (!saved.at) return;
  writeState({ at: saved.at });
  const there = readView();
  if (there && ready) map.jumpTo(there);
}

/** Where the map looks. */
function look() {
  if (!ready) return { lon: 117.5, lat: -2.3, zoom: 4 };
  const { lng, lat } = map.getCenter().wrap();
  return { lon: lng, lat, zoom: map.getZoom() };
}

/** The words for somebody who begins, and the customer whom the address names. */
async function start() {
  const found = await asked.catch(() => null);
  byId("welcome").hidden = found?.count !== 0 || !page.individuals;
  if (found) refresh();
  const id = Number(readState().customer);
  if (!page.individuals || !Number.isInteger(id) || id <= 0) return;
  const customer = await fetchCustomer(id);
  if (customer) choose(customer, { fly: !readView() });
  else writeState({ customer: null });
}

/** @param {Partial<ViewState>} changes */
function change(changes) {
  const before = state;
  state = { ...state, ...changes };
  // Another filter means other people: what was ticked among the old ones is not meant any more.
  if (textOf(before.filter) !== textOf(state.filter) && !("ids" in changes)) state = { ...state, ids: null, all: false };
  const steps = ["ids", "columns", "sort", "follow"];
  keepState(state, { push: Object.keys(changes).some((name) => !steps.includes(name)) });
  changed(before);
}

/** @param {ViewState} before */
function changed(before) {
  show();
  if (textOf(state.filter) !== textOf(before.filter)) refresh();
  if (query().bbox === null || state.mode !== before.mode) follow();
}

/** What needs no answer of the server, and what asks by itself when it has to. */
function show() {
  showWithoutMap();
  if (!ready) return;
  legend.show(state);
  customers.show(state);
  drawing.show(state);
  filterGround.show(state.filter);
}

function showWithoutMap() {
  if (showsMap()) mapWanted.keep();
  modes.show(state);
  panel.show(state);
  filters.show(state.filter);
  views.changed();
  selection.show(state);
  bulk?.show();
  document.title = `${modeWords(state)} · GeoCRM`;
  showRows();
  sayNobody();
  if (state.mode === "board") board?.show(state);
  if (state.mode === "chart") chart.show(state);
}

/** That nobody fits the filters, with the way back; in the split the table says it. */
function sayNobody() {
  const filter = textOf(state.filter);
  const nobody = figuresFor === filter && figures?.count === 0;
  byId("nobody").hidden = filter === "" || !nobody || state.mode === "split";
  document.getElementById("select-all")?.toggleAttribute("disabled", nobody);
}

/** The rows, as table or as cards; none before it is known where the map looks. */
function showRows() {
  if (!page.individuals) return;
  const waits = bbox === undefined && followsMap(state);
  if (isPhone() && !waits) {
    if (state.mode === "table") cards?.show(state.sort);
    if (state.mode === "map") sheet?.show("-revenue");
  } else if (!isPhone() && (state.mode === "table" || state.mode === "split")) {
    table ??= createCustomerTable(byId("table"), { page, state, query, change, onChoose: (row) => choose(row, { fly: true }), onHover: pointAt, onSaved: changedSomebody });
    if (!waits) table.show(state);
  }
}

/** Ask for everything that depends on the filter. */
async function refresh() {
  follow();
  if (ready) nearby?.refresh();
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const found = await figuresOf(textOf(state.filter), signal);
    if (signal.aborted) return;
    figures = found;
    figuresFor = textOf(state.filter);
    showFigures(figures, state);
    sayNobody();
    follow();
  } catch {
    // The person was told why by then.
    if (!signal.aborted) showNoFigures(again);
  }
}

/** A customer was changed here: counts, columns and bars are asked for anew. */
function changedSomebody() {
  known.clear();
  everybody = null;
  chart.forget();
  if (state.mode !== "board") board?.forget();
  if (ready) customers.refresh();
  selection.forget();
  table?.show(state, { force: true });
  show();
  refresh();
}

/** What failed is likely to have failed for all parts together. */
function again() {
  for (const part of [board, cards, sheet]) part?.forget();
  changedSomebody();
}

/** Only answers are kept: a question may be given up while the same one is asked again. @param {string} filter @param {AbortSignal} signal */
async function figuresOf(filter, signal) {
  if (filter === "" && everybody) return everybody;
  const found = known.get(filter) ?? (await getJson("/api/v1/accounts/summary", { query: { filter }, signal }));
  known.set(filter, found);
  if (known.size > 20) known.delete([...known.keys()][0]);
  return found;
}

/** Rows and count follow the map, once it rests. */
function follow() {
  clearTimeout(timer);
  timer = window.setTimeout(async () => {
    viewing.abort();
    viewing = new AbortController();
    const { signal } = viewing;
    if (ready) bbox = boxInView();
    showRows();
    // What is in view is told once there is a map, which asks again.
    if (bbox === undefined && followsMap(state)) return;
    const inView = { filter: textOf(shownTree(state)), bbox: state.selection || asksForUnplaced(state.filter) || state.mode === "table" ? null : bbox ?? null };
    // No figure rather than that of another question.
    await countInView(inView, figures, signal, state.selection !== null).catch(() => signal.aborted || (byId("in-view").textContent = ""));
  }, SETTLE_MS);
}

/** The view as west,south,east,north; null when all the world is in view. */
function boxInView() {
  const bounds = map.getBounds();
  const [west, east] = [bounds.getWest(), bounds.getEast()];
  if (east - west >= 360) return null;
  const turn = (/** @type {number} */ lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const lat = (/** @type {number} */ value) => Math.max(-90, Math.min(90, value));
  return [turn(west), lat(bounds.getSouth()), turn(east), lat(bounds.getNorth())].map((one) => one.toFixed(6)).join(",");
}

/** Light up where a row's customer is. @param {any | null} row */
function pointAt(row) {
  if (ready) customers.point(row && row.lon !== null ? [row.lon, row.lat] : null, row?.radius_m);
}

/** The areas that were brought in files; one that is used becomes a filter. */
function openAreas() {
  const content = document.createElement("div");
  const onUse = (/** @type {{id: number, box: [number, number, number, number]}} */ area) => {
    closeDrawer();
    change({ filter: replaced(state.filter, "location", { field: "location", op: "in_area", value: [area.id] }) });
    if (ready) fit(map, area.box);
  };
  createAreas(content, { onUse });
  openDrawer({ title: t("Areas"), content });
}

/** What the page listens to with and without a map. */
function bindPage() {
  document.getElementById("open-areas")?.addEventListener("click", openAreas);
  byId("drop-filters").addEventListener("click", () => change({ filter: null }));
  document.addEventListener("search:choose", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (detail.lon === null || detail.lon === undefined) return;
    event.preventDefault();
    if (detail.id && page.individuals && detail.group !== "places") chooseById(detail.id, { fly: true });
    else showPlace(detail);
  });
  document.addEventListener("drawer:close", () => {
    chosen = null;
    writeState({ customer: null });
    if (!ready) return;
    customers.choose(null);
    // A list that goes under the pointer never says that the pointer left its row.
    customers.point(null);
    nearby?.clear();
  });
  onStateChange(() => {
    const before = state;
    state = stateOfAddress();
    const there = readView();
    if (there && ready) map.jumpTo(there);
    changed(before);
  });
}

function bindMap() {
  map.on("moveend", follow);
  bindPointing(map, {
    layers: () => CUSTOMER_LAYERS,
    colours: () => ({ segments, territoryName }),
    cursor: () => (isChoosingPlace() || drawing.isDrawing() ? "crosshair" : ""),
    busy: () => isChoosingPlace() || drawing.isDrawing(),
    onPoint: (feature) => {
      const { id, radius_m } = feature?.properties ?? {};
      customers.point(id && radius_m ? feature.geometry.coordinates : null, radius_m);
      table?.light(id ?? null);
    },
  });
  map.on("click", (/** @type {any} */ event) => {
    if (isChoosingPlace() || drawing.isDrawing()) return;
    const box = [[event.point.x - 6, event.point.y - 6], [event.point.x + 6, event.point.y + 6]];
    const [feature] = map.queryRenderedFeatures(box, { layers: CUSTOMER_LAYERS });
    if (feature) clicked(feature);
  });
}

/** Go to a place that was searched for; at a street or house one may add a customer. @param {any} found */
async function showPlace(found) {
  if (!showsMap()) change({ mode: isPhone() ? "map" : "split" });
  await mapThere.kept;
  map.flyTo({ center: [found.lon, found.lat], zoom: found.zoom ?? 13 });
  const near = nearby ? () => nearby.around([found.lon, found.lat], found.label) : null;
  if (nearby || ["address", "street", "poi"].includes(found.kind)) openPlace(map, found, Boolean(document.getElementById("new-customer")), near);
}

/** @param {any} feature */
function clicked(feature) {
  const { id, stack } = feature.properties;
  const [lon, lat] = feature.geometry.coordinates;
  if (id) chooseById(id, {});
  else if (stack !== undefined && page.individuals) openStack(stack, textOf(state.filter), (row) => choose(row, {}));
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
  chosen = customer;
  openCustomer(customer, { onZoom: () => zoomTo(customer) });
  table?.select(customer.id);
  writeState({ customer: customer.id });
  if (ready) pointOut(customer, { fly });
}

/** @param {any} customer @param {{fly?: boolean}} options */
function pointOut(customer, { fly }) {
  const there = placeOf(customer);
  customers.choose(there, customer.radius_m);
  if (there && fly && showsMap()) map.flyTo({ center: there, zoom: Math.max(map.getZoom(), 13) });
}

/** @param {any} customer */
async function zoomTo(customer) {
  const there = placeOf(customer);
  if (!showsMap()) change({ mode: isPhone() ? "map" : "split" });
  await mapThere.kept;
  if (there) map.flyTo({ center: there, zoom: 16 });
}

/** @param {any} customer @returns {[number, number] | null} */
function placeOf(customer) {
  return customer.lon === null ? null : [customer.lon, customer.lat];
}

function showsMap() {
  return ["map", "split"].includes(state.mode);
}

/** A promise that others keep. */
function deferred() {
  let keep = () => {};
  const kept = new Promise((resolve) => (keep = () => resolve(null)));
  return { kept, keep };
}
