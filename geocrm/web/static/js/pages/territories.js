// @ts-check
/** One plan: territories on the map and a bar each; whoever may design gets the editor with it. */
import { ApiError, getJson, patchJson } from "../lib/api.js";
import { createMap, fit } from "../lib/basemap.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { bindActions, on } from "./territory_actions.js";
import { createScoreboard } from "./territory_bars.js";
import { section, territoryView, unitView } from "./territory_details.js";
import { explain } from "./territory_explain.js";
import { historyView } from "./territory_history.js";
import { faults, graphOf } from "./territory_graph.js";
import { bindOptimise } from "./territory_optimise.js";
import { boxOf, closestZoom, drawTerritories } from "./territory_map.js";
import { NONE, PlanState } from "./territory_state.js";
import { offerKept } from "./territory_scenario.js";
import { createWorkbench } from "./territory_workbench.js";

const page = JSON.parse(byId("plan").textContent ?? "{}");
const { plan, designer, editable, reps } = page;
const API = `/api/v1/territories/plans/${plan.id}`;
const drawn = createMap(byId("map"), { label: t("Map of the territories") });
const columns = await getJson(`${API}/columns`);
let version = columns.version;
const state = new PlanState(columns, plan.territories, { balance: plan.balance, tolerance: plan.tolerance, tolerances: plan.tolerances, hidden: !designer, words: Object.fromEntries(plan.measures) });
const closest = closestZoom(state);
const EDGE_PX = 40;
/** Less of the map than this shows nothing. */
const LEAST_PX = 160;
/** @type {ReturnType<typeof createWorkbench> | null} */
let bench = null;
/** @type {ReturnType<typeof drawTerritories> | null} */
let view = null;
/** @type {any} */
let map = null;
/** @type {number | null} */
let focused = null;
let saving = Promise.resolve();
const locks = new Set();
const scored = designer || state.measures[state.balance].known;
const board = createScoreboard(byId("bars"), state, {
  editable,
  scored,
  locks,
  onOpen: (number) => selectTerritory(number),
  onFocus: (number) => focus(focused === number ? null : number),
  onLock: (number) => bench?.lock(number),
});
tabs();
scores(designer ? faults(graphOf(state.n, columns.a, columns.b), state.home).split : []);
bindActions(API, {
  version: () => version,
  leads: plan.leads,
  save,
  unsaved: () => bench?.unsaved() ?? 0,
  gave: (number, userId) => {
    people(number, [{ user_id: userId }]);
    board.update([number]);
  },
});
on("history", "click", openHistory);
bindOptimise(document.getElementById("optimise"), plan.id, locks, () => focused);

if (editable) {
  bench = createWorkbench({
    api: API, plan, state, board, locks,
    version: { get: () => version, set: (next) => (version = next) },
    openUnit, openTerritory: selectTerritory, focus, scores,
    lookAt: (units, closer = 0) => lookAt(units, closest + closer),
    uncover: (units) => covered() && lookAt(units, closest),
  });
}
map = await drawn;
view = drawTerritories(map, plan.level, state);
fit(map, boxOf(state, Array.from({ length: state.n }, (_, u) => u)), { duration: 0 });
if (bench) bench.begin(map, view);
else {
  lookOnly(view);
  if (designer) offerKept(byId("stranded"), plan, API, version);
}
byId("map").dataset.ready = "true";

// ------------------------------------------------------------------------------ what is shown

/** @param {number[]} split territories in pieces */
function scores(split) {
  if (!scored) return;
  const { maxDeviation, index, ratio, gini } = state.fairness();
  score("score-deviation", formatShare(maxDeviation), maxDeviation <= plan.tolerance + 1e-9);
  if (!designer) return;
  score("score-contiguous", split.length ? tn("{n} is not", "{n} are not", { n: split.length }) : t("all"), !split.length);
  // Where nobody holds anything there is nothing to share evenly.
  const held = state.numbers().filter((number) => (state.load(number) ?? 0) > 0).length;
  score("score-compactness", held > 1 ? formatShare(state.compactness(), { digits: 0 }) : "–", null);
  score("score-index", formatNumber(Math.round(index)), null);
  score("score-ratio", !held ? "–" : Number.isFinite(ratio) ? formatNumber(ratio, 2) : "∞", null);
  score("score-gini", held ? formatNumber(gini, 3) : "–", null);
}

/** @param {string} id @param {string} words @param {boolean | null} good */
function score(id, words, good) {
  const place = document.getElementById(id);
  if (!place) return;
  if (place.textContent !== words) place.textContent = words;
  place.className = good === null ? "" : good ? "good" : "bad";
}

function tabs() {
  const buttons = [...document.querySelectorAll("[data-measure]")].map((one) => /** @type {HTMLButtonElement} */ (one));
  const shown = buttons.filter(({ dataset: { measure = "" } }) => state.measures[measure]?.known || measure === state.balance);
  // Without a choice an empty frame would be left.
  const group = /** @type {HTMLElement | null} */ (buttons[0]?.parentElement);
  if (group) group.hidden = shown.length < 2;
  for (const button of shown) {
    button.hidden = shown.length < 2;
    button.setAttribute("aria-pressed", String(button.dataset.measure === state.balance));
    button.addEventListener("click", () => {
      board.show(button.dataset.measure ?? state.balance);
      for (const other of shown) other.setAttribute("aria-pressed", String(other === button));
    });
  }
}

/** @param {number | null} number */
function focus(number) {
  focused = number;
  view?.focus(number);
  board.focus(number);
  const units = number === null ? [] : state.unitsOf(number);
  if (map && units.length && !inView(boxOf(state, units))) lookAt(units);
}

/** @param {number[]} units */
function lookAt(units, maxZoom = closest) {
  if (!map || !units.length) return;
  // A drawer that has just opened beside the map has left it less room.
  map.resize();
  fit(map, boxOf(state, units), { maxZoom, padding: { top: EDGE_PX, bottom: EDGE_PX, left: EDGE_PX, right: EDGE_PX + covered() } });
}

/** How many pixels of the map lie below a drawer; none where it covers everything, as on a phone. */
function covered() {
  const [ground, drawer] = [byId("map"), byId("drawer")].map((one) => one.getBoundingClientRect());
  const hidden = drawer.width ? Math.max(0, ground.right - drawer.left) : 0;
  return ground.width - hidden >= LEAST_PX ? hidden : 0;
}

/** @param {[number, number, number, number]} box */
function inView([west, south, east, north]) {
  const seen = map.getBounds();
  return west < seen.getEast() && east > seen.getWest() && south < seen.getNorth() && north > seen.getSouth();
}

/** @param {ReturnType<typeof drawTerritories>} drawnView */
function lookOnly(drawnView) {
  map.on("click", (/** @type {any} */ event) => {
    const u = drawnView.unitAt([event.point.x, event.point.y]);
    if (u >= 0) openUnit(u);
  });
  map.on("mousemove", (/** @type {any} */ event) => {
    const u = drawnView.unitAt([event.point.x, event.point.y]);
    drawnView.hover(u);
    map.getCanvas().style.cursor = u >= 0 ? "pointer" : "";
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  view?.flag("found", []);
  if (focused !== null) focus(null);
});
document.addEventListener("drawer:close", () => {
  for (const kind of /** @type {const} */ (["marked", "selected", "theirs", "found"])) view?.flag(kind, []);
  board.select(null);
});

// ------------------------------------------------------------------------------ a territory, a unit

/** @param {number} number */
function selectTerritory(number) {
  board.select(number);
  bench?.aim(number);
  openTerritory(number);
  lookAt(state.unitsOf(number));
}

/** @param {number} number */
function openTerritory(number) {
  const one = state.territories.get(number);
  if (!one) return;
  openDrawer({
    title: one.name,
    content: territoryView(state, number, {
      reps,
      // In review, approved or scheduled a plan is decided on as it is.
      open: designer && ["planning", "live"].includes(plan.state),
      change: (change) => changeTerritory(one, change).catch((/** @type {unknown} */ error) => {
        console.debug(error);
        openTerritory(number);
      }),
      remove: bench ? () => (bench?.remove(number), closeDrawer()) : null,
      openUnit,
    }),
  });
}

/** @param {any} one @param {any} change */
async function changeTerritory(one, change) {
  if (one.fresh && (change.people || change.parent !== undefined)) return;
  const before = one.people;
  if (change.people) one.people = change.people;
  if (!one.fresh) await save(() => patchJson(`${API}/territories/${one.number}`, { version, ...sent(change) }, { quiet: false })).catch((/** @type {unknown} */ error) => {
    one.people = before;
    throw error;
  });
  if (change.name !== undefined) one.name = change.name.trim() || one.name;
  if (change.colour !== undefined) one.colour = change.colour;
  view?.paint(state.unitsOf(one.number));
  if (change.parent === undefined) board.update([one.number]);
  else {
    one.parent = change.parent || null;
    board.rebuild();
    board.select(one.number);
  }
  bench?.renamed();
  // Whoever is at the next field of somebody stays there.
  if (change.people?.length !== before.length || !change.people) openTerritory(one.number);
}

/** A change as the API takes it: people by number. @param {any} change */
function sent(change) {
  if (!change.people) return change;
  return { ...change, people: change.people.map((/** @type {any} */ p) => ({ user_id: p.user_id, role: p.role, from_day: p.from_day ?? null, to_day: p.to_day ?? null })) };
}

/** @param {number} number @param {{user_id: number}[]} given */
function people(number, given) {
  const one = state.territories.get(number);
  if (one) one.people = given.map((p) => ({ ...p, role: "rep", name: reps.find((/** @type {any} */ r) => r.id === p.user_id)?.name ?? "" }));
}

/** Why a unit is where the server has it; not of figures that one may not see. @param {number} u */
function explanation(u) {
  if (!(designer || plan.balance === "population") || state.saved[u] === NONE) return null;
  return explain(plan.id, state.code(u), { pending: (bench?.unsaved() ?? 0) > 0 });
}

/** @param {number} u */
function openUnit(u) {
  view?.flag("marked", [u]);
  openDrawer({
    title: state.columns.name[u],
    content: unitView(state, u, {
      openTerritory: selectTerritory,
      explanation: explanation(u),
      moves: bench?.movesOf(u) ?? null,
      move: (to) => {
        bench?.move(u, to);
        openUnit(u);
      },
    }),
  });
}

async function openHistory() {
  const nodes = await historyView(API, state, {
    show: (units) => {
      view?.flag("theirs", units);
      lookAt(units);
    },
    takeBack: bench ? (step) => bench?.takeBack(step) : null,
  });
  openDrawer({ title: t("History of the plan"), content: section(...nodes) });
}

/**
 * One change after the other, each on the version the last one made; when somebody else was
 * quicker, once more on top of theirs.
 * @param {() => Promise<any>} change
 */
function save(change) {
  const mine = saving.then(async () => {
    let answer;
    try {
      answer = await change();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || !bench) throw error;
      await bench.catchUp();
      answer = await change();
    }
    if (answer?.version) version = answer.version;
  });
  saving = mine.catch(() => undefined);
  return mine;
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
