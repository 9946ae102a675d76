// @ts-check
/** One plan: territories on the map, a bar each; move units, name people, compare, go live. */
import { deleteJson, getJson, patchJson, postJson } from "../lib/api.js";
import { createBars } from "../lib/bars.js";
import { createMap, fit } from "../lib/basemap.js";
import { confirm } from "../lib/confirm.js";
import { el, icon, swatch } from "../lib/dom.js";
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { formatMoney, formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { CATEGORY_COLOURS, colourAt } from "../lib/palette.js";
import { toast } from "../lib/toast.js";
import { comparisonView } from "./territory_comparison.js";
import { boxOf, drawTerritories } from "./territory_map.js";
import { ended } from "./territory_going_live.js";
import { PlanState } from "./territory_plan.js";

const page = JSON.parse(byId("plan").textContent ?? "{}");
const { plan, designer, editable, reps } = page;
const API = `/api/v1/territories/plans/${plan.id}`;
const state = new PlanState(plan);
/** Moves that undo the last ones, the newest last. @type {{unit: string, territory: number}[]} */
const undos = [];
/** Territories changed and not yet answered for. @type {Set<number>} */
const pending = new Set();
let version = plan.version;
/** @type {number | null} */
let selected = null;
let saving = Promise.resolve();

const money = plan.balance === "revenue";
const format = (/** @type {number} */ value) => (money ? formatMoney(value, { compact: true }) : formatNumber(Math.round(value)));

const bars = createBars(byId("bars"), { rows: [], format, onSelect: (id) => selectTerritory(Number(id)) });
/** The map and what is drawn on it; buttons work before it has loaded. @type {any} */
let map = null;
/** @type {ReturnType<typeof drawTerritories> | null} */
let view = null;
refresh();
on("plan-name", "change", renamePlan);
on("undo-move", "click", undoMove);
on("compare", "click", () => compare());
on("go-live", "click", goLive);
on("undo-live", "click", takeBack);
on("suggest", "click", suggest);
on("copy", "click", copy);
on("discard", "click", discard);

map = await createMap(byId("map"), { label: t("Map of the territories") });
view = drawTerritories(map, plan.level, state, { onUnit: openUnit });
fit(map, boxOf([...state.units.values()]), { duration: 0 });

// ------------------------------------------------------------------------------ what is shown

function refresh() {
  const loads = state.loads();
  const rows = [...state.territories.values()]
    .map((one) => ({
      id: one.number,
      label: label(one),
      value: state.known ? (loads.get(one.number) ?? 0) : (one.load ?? 0),
      colour: colourAt(one.colour),
      pending: pending.has(one.number),
    }))
    .sort((a, b) => b.value - a.value);
  const scored = designer || state.known;
  bars.update({ rows, selected, ideal: scored ? state.ideal : undefined, tolerance: scored ? plan.tolerance : undefined });
  if (!designer) return;
  const off = state.maxDeviation();
  const broken = state.broken();
  score("score-deviation", formatShare(off), off <= plan.tolerance + 1e-9);
  score("score-contiguous", broken.length ? tn("{n} is not", "{n} are not", { n: broken.length }) : t("all"), !broken.length);
  score("score-compactness", formatShare(state.compactness(), { digits: 0 }), null);
  const undo = document.getElementById("undo-move");
  if (undo instanceof HTMLButtonElement) undo.disabled = undos.length === 0;
}

/** @param {string} id @param {string} words @param {boolean | null} good */
function score(id, words, good) {
  const place = byId(id);
  place.textContent = words;
  place.className = good === null ? "" : good ? "good" : "bad";
}

/** @param {{name: string, people: {name: string}[]}} territory */
function label(territory) {
  const people = territory.people.map((one) => one.name).join(", ");
  return people ? `${territory.name} · ${people}` : territory.name;
}

/** @param {number} number */
function territory(number) {
  const found = state.territories.get(number);
  if (!found) throw new Error(`No territory ${number}`);
  return found;
}

// ------------------------------------------------------------------------------ a territory

/** @param {number} number */
function selectTerritory(number) {
  selected = number;
  refresh();
  view?.focus(number);
  if (map) fit(map, boxOf(state.unitsOf(number)), { maxZoom: 9 });
  openTerritory(number);
}

/** @param {number} number */
function openTerritory(number) {
  const one = territory(number);
  const units = state.unitsOf(number).sort((a, b) => (b.load ?? 0) - (a.load ?? 0));
  const open = designer && plan.state !== "archived";
  openDrawer({
    title: one.name,
    content: section(
      ...(open ? territoryForm(one) : [facts([[t("Responsible"), one.people.map((p) => p.name).join(", ") || "–"]])]),
      figures(units),
      el("h3", { class: "overline" }, tn("{n} unit", "{n} units", { n: units.length })),
      el("ul", { class: "territory-units" }, ...units.map((unit) => el("li", {}, el("span", { class: "truncate" }, unit.name), el("span", { class: "num muted" }, unit.load === null ? "" : format(unit.load))))),
    ),
  });
}

/** @param {any} one */
function territoryForm(one) {
  const name = el("input", { class: "form-control", id: "territory-name", value: one.name, maxlength: 120 });
  name.addEventListener("change", () => changeTerritory(one, { name: /** @type {HTMLInputElement} */ (name).value }));
  const rep = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "territory-rep" }, el("option", { value: "" }, t("Nobody")), ...reps.map((/** @type {any} */ r) => el("option", { value: r.id }, r.name))));
  rep.value = String(one.people[0]?.user_id ?? "");
  rep.addEventListener("change", () => changeTerritory(one, { people: rep.value ? [{ user_id: Number(rep.value) }] : [] }));
  const colours = CATEGORY_COLOURS.slice(0, 24).map((colour, index) => {
    const button = el("button", { type: "button", "aria-label": t("Colour {n}", { n: index + 1 }), "aria-pressed": String(index === one.colour), onclick: () => changeTerritory(one, { colour: index }) });
    button.style.background = colour;
    return button;
  });
  return [
    el("div", { class: "stack" },
      el("div", { class: "field" }, el("label", { for: "territory-name" }, t("Name")), name),
      el("div", { class: "field" }, el("label", { for: "territory-rep" }, t("Responsible")), rep),
      el("details", {}, el("summary", {}, t("Colour")), el("div", { class: "territory-colours" }, ...colours))),
  ];
}

/** @param {any} one @param {any} change */
async function changeTerritory(one, change) {
  await save(() => patchJson(`${API}/territories/${one.number}`, { version, ...change }));
  if (change.name !== undefined) one.name = change.name.trim();
  if (change.colour !== undefined) one.colour = change.colour;
  if (change.people) {
    one.people = change.people.map((/** @type {any} */ p) => ({ ...p, role: "rep", name: reps.find((/** @type {any} */ r) => r.id === p.user_id)?.name ?? "" }));
  }
  view?.paint();
  refresh();
  openTerritory(one.number);
}

/** @param {import("./territory_plan.js").Unit[]} units */
function figures(units) {
  const total = (/** @type {"accounts" | "revenue" | "population"} */ field) =>
    units.some((unit) => unit[field] === null) ? null : units.reduce((all, unit) => all + (unit[field] ?? 0), 0);
  const rows = /** @type {[string, string][]} */ ([
    [t("Customers"), formatNumber(total("accounts"))],
    [t("Revenue"), formatMoney(total("revenue"), { compact: true })],
    [t("Population"), formatNumber(total("population"))],
  ]);
  return facts(rows.filter(([, value]) => value !== "–"));
}

/** @param {[string, string][]} rows */
function facts(rows) {
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

// ------------------------------------------------------------------------------ a unit

/** @param {string} code */
function openUnit(code) {
  const unit = state.units.get(code);
  if (!unit) return;
  const home = territory(unit.territory);
  view?.mark(code);
  openDrawer({
    title: unit.name,
    content: section(
      el("button", { class: "btn btn-ghost territory-home", type: "button", onclick: () => selectTerritory(home.number) }, swatch(colourAt(home.colour)), label(home)),
      figures([unit]),
      ...(editable ? moves(unit) : []),
    ),
  });
}

/** @param {import("./territory_plan.js").Unit} unit */
function moves(unit) {
  const targets = state.around(unit.code);
  if (!targets.length) return [el("p", { class: "muted" }, t("No other territory lies beside it."))];
  return [
    el("h3", { class: "overline" }, t("Move to")),
    el("ul", { class: "territory-moves" }, ...targets.map((number) => {
      const tried = state.tried(unit.code, number);
      const one = territory(number);
      return el("li", {},
        el("button", { class: "btn", type: "button", disabled: tried.empties, onclick: () => moveUnit(unit.code, number, tried.splits) },
          swatch(colourAt(one.colour)), el("span", { class: "truncate" }, one.name),
          tried.splits ? icon("alert-triangle", "i-s") : null,
          el("span", { class: "num" }, tried.splits ? t("splits") : formatShare(tried.deviation, { signed: true }))));
    })),
    el("p", { class: "muted small" }, t("How far the territory would be off the mean afterwards.")),
  ];
}

/** @param {string} code @param {number} to @param {boolean} splits */
async function moveUnit(code, to, splits) {
  const unit = state.units.get(code);
  if (!unit) return;
  const from = territory(unit.territory);
  if (splits && !(await confirm(t("{name} would fall into separate pieces. Move the unit all the same?", { name: from.name })))) return;
  undos.push(await applied({ unit: code, territory: to }, splits));
  refresh();
  openUnit(code);
}

/** Show the move at once, then save it; what cannot be saved is taken back. @param {{unit: string, territory: number}} move @param {boolean} splits */
async function applied(move, splits) {
  const back = state.move(move.unit, move.territory);
  const touched = [back.territory, move.territory];
  touched.forEach((number) => pending.add(number));
  view?.paint();
  refresh();
  try {
    await save(() => postJson(`${API}/moves`, { version, moves: [move], splits_allowed: splits }));
    return back;
  } catch (error) {
    state.move(back.unit, back.territory);
    throw error;
  } finally {
    touched.forEach((number) => pending.delete(number));
    view?.paint();
    refresh();
  }
}

async function undoMove() {
  const back = undos.pop();
  if (!back) return;
  await applied(back, true);
  openUnit(back.unit);
}

// ------------------------------------------------------------------------------ the plan

/** One change after the other, each on the version the last one made. @param {() => Promise<any>} change */
function save(change) {
  const mine = saving.then(async () => {
    const answer = await change();
    if (answer?.version) version = answer.version;
  });
  saving = mine.catch(() => undefined);
  return mine;
}

/** @param {Event} event */
async function renamePlan(event) {
  const field = /** @type {HTMLInputElement} */ (event.target);
  await save(() => patchJson(API, { version, name: field.value }));
  toast(t("Renamed"), "good");
}

async function compare() {
  const found = await getJson(`${API}/changes`);
  await openDrawer({ title: t("Compared with live"), content: section(...comparisonView(found, API)) });
  return found;
}

async function goLive() {
  const found = await compare();
  const question = found.changing_hands
    ? tn("{n} customer changes hands. Make this plan live?", "{n} customers change hands. Make this plan live?", { n: found.changing_hands })
    : t("No customer changes hands. Make this plan live?");
  const left = found.left_out
    ? ` ${tn("{n} customer would be in no territory.", "{n} customers would be in no territory.", { n: found.left_out })}`
    : "";
  if (!(await confirm(question + left, { yes: t("Make live") }))) return;
  const done = await ended(await postJson(`${API}/activate`, { version, instead_of: found.live_plan_id ?? 0 }));
  toast(tn("The plan is live; {n} customer got another territory.", "The plan is live; {n} customers got another territory.", { n: done.accounts }), "good");
  location.reload();
}

async function takeBack() {
  if (!(await confirm(t("Everything goes back to how it was before this plan went live. Take it back?"), { danger: true }))) return;
  await postJson(`${API}/undo`);
  location.reload();
}

async function suggest() {
  const found = await getJson(`${API}/suggestions`);
  const pairs = Object.entries(found.reps);
  if (!pairs.length) {
    toast(t("Every territory has somebody, or no rep has a home on record."), "info");
    return;
  }
  for (const [number, userId] of pairs) {
    const one = territory(Number(number));
    await save(() => patchJson(`${API}/territories/${number}`, { version, people: [{ user_id: userId }] }));
    one.people = [{ user_id: Number(userId), role: "rep", name: reps.find((/** @type {any} */ r) => r.id === userId)?.name ?? "" }];
  }
  closeDrawer();
  refresh();
  toast(tn("{n} territory got a rep.", "{n} territories got a rep.", { n: pairs.length }), "good");
}

async function copy() {
  const made = await postJson(`${API}/copy`);
  location.assign(`/territories/${made.plan_id}`);
}

async function discard() {
  if (!(await confirm(t("Delete this draft for good?"), { danger: true, yes: t("Delete") }))) return;
  await deleteJson(API);
  location.assign("/territories");
}

/** The padding of the drawer. @param {Node[]} nodes */
function section(...nodes) {
  return el("div", { class: "section stack" }, ...nodes);
}

/** @param {string} id @param {string} kind @param {(event: Event) => unknown} run */
function on(id, kind, run) {
  document.getElementById(id)?.addEventListener(kind, (event) => {
    /** @type {Element} */ (event.target).closest("details.menu")?.removeAttribute("open");
    // A refusal has shown its sentence already.
    Promise.resolve(run(event)).catch((/** @type {unknown} */ error) => console.debug(error));
  });
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
