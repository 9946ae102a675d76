// @ts-check
/** The form of a new plan: what is wished, whether it can be, the search as it goes, and the draft. */
import { ApiError, getJson, postJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatCompact, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { CentresWrong, createPins, homesFor } from "./territory_design_centres.js";
import { bindFocus, focusProblems } from "./territory_design_focus.js";
import { bindKeep } from "./territory_design_keep.js";
import { bindOwn } from "./territory_design_own.js";
import { follow, markEarlier, notice, outcome } from "./territory_design_run.js";
import { fromLimits, problems, sizeWords } from "./territory_design_size.js";
import { bindTimes } from "./territory_design_times.js";
import { createGroups } from "./territory_design_units.js";
import { bindWeights } from "./territory_design_weights.js";

/** Starts of the search a second asked for, and at least: as many as some 500 units use up. */
const STARTS_PER_S = 0.4;
const LEAST_STARTS = 6;

const form = /** @type {HTMLFormElement} */ (byId("design"));
const begin = JSON.parse(byId("begin").textContent ?? "{}");
const level = select("field-level");
const within = select("field-within");
const count = input("field-count");
const start = /** @type {HTMLButtonElement} */ (byId("start"));
/** What there is to share out, once it is known. @type {any} */
let facts = null;
/** Reps that are not to have a territory. @type {Set<number>} */
const leftOut = new Set();
let asking = false;
/** How often the form was changed: what is said of a search is of the form as it was. */
let edits = 0;
let wasFocused = false;
let shownChecks = "[]";

const ground = () => ({ level: level.value, within: within.value || null });
const weights = bindWeights(byId("weights"), changed);
const own = bindOwn(byId("own"), weights.words);
const pins = createPins(byId("pins"), changed);
const focus = bindFocus({ scope: byId("scope"), locks: byId("locks-part"), place: byId("focus-part"), budget: byId("disruption-hint") }, focusChanged);
const keep = bindKeep({ plan: select("field-keep"), disruption: input("field-disruption"), slider: input("disruption-slider"), price: byId("price"), locks: byId("locks"), units: byId("locked-units"), kept: byId("kept") }, ground, focus, changed);
const times = bindTimes({ choice: select("field-objective"), part: byId("times"), file: input("field-times-file"), speed: input("field-speed"), words: byId("times-words"), refused: byId("times-refused") }, ground, begin, () => void (facts && judge()));
const together = createGroups(byId("together"), { words: t("Units in one territory"), add: t("Keep units together"), ground, onChange: changed });
const apart = createGroups(byId("apart"), { words: t("Two units in different territories"), add: t("Keep two units apart"), most: 2, ground, onChange: changed });

level.addEventListener("change", () => {
  offerAreas();
  offerPlans();
  for (const one of [together, apart]) one.clear();
  keep.clearUnits();
  void look();
});
within.addEventListener("change", () => void look());
select("field-keep").addEventListener("change", adopt);
form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void design();
});
for (const name of ["number", "centres"]) for (const one of form.querySelectorAll(`[name=${name}]`)) one.addEventListener("change", showModes);

offerAreas();
offerPlans();
await Promise.all([look(), prefill(), rejoin()]);

// ------------------------------------------------------------------------------ the ground

/** Only areas that hold units of the chosen level. */
function offerAreas() {
  offer(within, (option) => option.dataset.level === level.value);
}

/** Only plans of these units can be kept. */
function offerPlans() {
  const plan = select("field-keep");
  const before = plan.value;
  offer(plan, (option) => option.dataset.level === level.value);
  if (plan.value !== before) plan.dispatchEvent(new Event("change"));
}

/** @param {HTMLSelectElement} list @param {(option: HTMLOptionElement) => boolean} fits */
function offer(list, fits) {
  for (const option of list.options) option.hidden = option.disabled = option.value !== "" && !fits(option);
  if (list.selectedOptions[0]?.disabled) list.value = "";
}

/** A kept plan brings its number of territories. */
function adopt() {
  const option = select("field-keep").selectedOptions[0];
  if (option?.value && mode("number") === "fixed" && !focus.on) count.value = option.dataset.territories ?? count.value;
  judge();
}

/** Read what there is to share out. */
async function look() {
  const asked = ground();
  facts = null;
  byId("ground").replaceChildren(t("Looking at the ground …"));
  void times.look();
  try {
    const found = await getJson("/api/v1/territories/designs/ground", { query: asked, quiet: true });
    if (asked.level !== level.value || (asked.within ?? "") !== within.value) return;
    facts = found;
    weights.offer(Object.keys(facts.totals));
    focus.ground(facts.units);
    byId("ground").replaceChildren(groundWords());
    showReps();
  } catch (error) {
    byId("ground").replaceChildren(notice("bad", /** @type {Error} */ (error).message));
  }
  showModes();
}

function groundWords() {
  const held = Object.entries(facts.totals).map(([measure, total]) => `${measure === "workload" ? t("{n} h", { n: formatCompact(total.whole) }) : formatCompact(total.whole)} ${weights.words(measure).toLocaleLowerCase()}`);
  return [tn("{n} unit", "{n} units", { n: facts.units }), ...held].join(" · ");
}

// ------------------------------------------------------------------------------ number and centres

/** @param {string} name */
function mode(name) {
  return /** @type {HTMLInputElement} */ (form.querySelector(`[name=${name}]:checked`)).value;
}

function chosenReps() {
  return (facts?.reps ?? []).filter((/** @type {any} */ rep) => !leftOut.has(rep.id));
}

function showReps() {
  byId("reps").replaceChildren(...facts.reps.map((/** @type {any} */ rep) => {
    const box = /** @type {HTMLInputElement} */ (el("input", { class: "form-check-input", type: "checkbox", checked: !leftOut.has(rep.id) }));
    box.addEventListener("change", () => void (box.checked ? leftOut.delete(rep.id) : leftOut.add(rep.id)));
    return el("label", { class: "form-check" }, box, el("span", { class: "form-check-label grow truncate" }, rep.name), rep.lon === null ? el("span", { class: "muted small" }, t("no home on record")) : null);
  }));
}

function showModes() {
  const [number, centres] = [mode("number"), mode("centres")];
  count.readOnly = focus.on || number !== "fixed";
  for (const one of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name=number]"))) one.disabled = focus.on;
  byId("reps-part").hidden = (focus.on || number !== "reps") && centres !== "homes";
  byId("pins").hidden = centres !== "pinned";
  if (centres === "pinned") void pins.show(facts?.box ?? null);
  judge();
}

/** All of the measure that loads and limits are counted in, or what the focus holds of it. */
function total() {
  if (focus.on) return Object.keys(weights.mixture()).length ? null : focus.total(weights.heaviest());
  return facts?.totals[weights.heaviest()] ?? null;
}

/** The number of territories by the chosen way; null when it is not known. */
function number() {
  if (focus.on) return focus.numbers.length;
  if (mode("number") === "reps") return facts ? chosenReps().length : null;
  if (mode("number") === "limits") return total() ? fromLimits(total().whole, known("minimum"), known("maximum")) : null;
  return Math.round(Number(count.value));
}

/** @param {number} asked @returns {[number, number][]} */
function centres(asked) {
  if (mode("centres") === "homes") return homesFor(chosenReps(), facts?.reps ?? [], focus.on ? focus.territories : keep.territories, asked);
  return mode("centres") === "pinned" ? pins.centres(asked) : [];
}

// ------------------------------------------------------------------------------ what can be said before

/** Something else is asked for: what was said of the last search is not said of that. */
function changed() {
  edits += 1;
  byId("refused").replaceChildren();
  for (const result of byId("running").querySelectorAll(".design-outcome")) markEarlier(result);
  judge();
}

/** Say what is asked for, and what arithmetic says against it. */
function judge() {
  const asked = number();
  if (focus.on || mode("number") !== "fixed") count.value = asked === null ? "" : String(asked);
  byId("number-words").textContent = numberWords(asked);
  const mixed = Object.keys(weights.mixture());
  own.show(mixed);
  byId("mixture-words").hidden = !mixed.length;
  byId("mixture-words").textContent = t("Loads are shown and limited as {measure}: the mixture is brought to its total.", { measure: weights.words(weights.heaviest()).toLocaleLowerCase() });
  byId("time-words").textContent = t("{n} s", { n: input("field-time").value });
  byId("stability-words").textContent = input("field-stability").value === "0" ? t("off") : formatNumber(Number(input("field-stability").value), 1);
  byId("summary").textContent = asked ? summary(asked) : "";
  showChecks(asked === null ? [] : against(asked));
  start.disabled = asking || asked === null || !keep.ready || !times.ready || (focus.on && asked === 0);
}

/** @param {number} asked */
function summary(asked) {
  const what = weights.words(weights.heaviest()).toLocaleLowerCase();
  if (!focus.on) return sizeWords(asked, total(), tolerance(), what);
  return sizeWords(asked, facts && total() && { ...facts.totals[weights.heaviest()], whole: ideal() * asked }, tolerance(), what);
}

/** What a territory of the kept plan should hold. */
function ideal() {
  return (facts?.totals[weights.heaviest()]?.whole ?? 0) / Math.max(1, focus.all);
}

/** The focus or the plan it is of is another. */
function focusChanged() {
  keep.refresh();
  if (wasFocused && !focus.on) adopt();
  wasFocused = focus.on;
  showModes();
}

/**
 * Left alone when nothing changed: a button that is made anew while it is pressed hears no click.
 * @param {import("./territory_design_size.js").Problem[]} found
 */
function showChecks(found) {
  const key = JSON.stringify(found);
  if (key === shownChecks) return;
  shownChecks = key;
  byId("checks").replaceChildren(...found.map(({ words, fixes }) => notice("warn", words, el("div", { class: "row-line" }, ...fixes.map((fix) => el("button", { class: "btn", type: "button", onclick: () => apply(fix) }, fix.words))))));
}

/** @param {number} asked */
function against(asked) {
  const mixed = Object.keys(weights.mixture()).length > 0;
  const limits = { minimum: known("minimum"), maximum: known("maximum"), tolerance: mixed || focus.on ? Infinity : tolerance() };
  let found = facts && (asked || !focus.on) ? problems({ count: asked, units: focus.on ? focus.units : facts.units, total: total(), ...limits }) : [];
  if (focus.on) {
    // The number of territories in focus is given.
    found = found.map(({ words, fixes }) => ({ words, fixes: fixes.filter((fix) => fix.field !== "count") }));
    found.push(...focusProblems(asked, total(), ideal(), tolerance(), focus.give));
  }
  if (facts && !focus.on) found.push(...own.against({ count: asked, units: facts.units, totals: facts.totals }));
  try {
    if (facts) centres(asked);
  } catch (error) {
    if (!(error instanceof CentresWrong)) throw error;
    const fixes = error.count ? [{ field: /** @type {const} */ ("count"), value: error.count, words: tn("{n} territory", "{n} territories", { n: error.count }) }] : [];
    found.push({ words: error.message, fixes });
  }
  return found;
}

/** @param {number | null} asked */
function numberWords(asked) {
  if (focus.on) return t("The territories in focus, below.");
  if (mode("number") === "reps") return facts ? tn("One for {n} active rep.", "One for each of {n} active reps.", { n: chosenReps().length }) : "";
  if (mode("number") !== "limits") return t("One for each rep, as a rule.");
  if (asked === null) return t("Give a least or a most load below; the number follows from it.");
  return t("{whole} shared out by the middle of the limits.", { whole: formatNumber(Math.round(total().whole)) });
}

/** @param {import("./territory_design_size.js").Fix} fix */
function apply({ field, value, measure }) {
  changed();
  if (measure && field !== "count") {
    own.set(measure, field, value);
    showModes();
    return;
  }
  if (field === "count") /** @type {HTMLInputElement} */ (byId("seg-number-fixed")).checked = true;
  input(`field-${field}`).value = String(field === "tolerance" ? Math.round(value * 1000) / 10 : value);
  showModes();
}

// ------------------------------------------------------------------------------ the search

async function design() {
  byId("refused").replaceChildren();
  work(true);
  /** @type {import("./territory_design_run.js").Running | null} */
  let begun = null;
  try {
    const wanted = wishes();
    const { job_id: id } = await postJson("/api/v1/territories/designs", wanted, { quiet: true });
    begun = { id, name: wanted.name, time: wanted.time, keep: wanted.keep, focus: wanted.focus };
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof CentresWrong)) throw error;
    byId("refused").replaceChildren(notice("bad", error.message));
  } finally {
    work(false);
  }
  if (begun) await attend(begun, allow);
}

/**
 * Follow a design to its end and say what came of it, on a card of its own.
 * @param {import("./territory_design_run.js").Running} one
 * @param {((tolerance: number, measure: string | null) => void) | null} again asks once more; null when the form may say something else by now
 */
async function attend(one, again) {
  const search = el("div", { class: "stack" });
  const result = el("div", { class: "stack design-outcome" });
  const asked = edits;
  const card = el("section", { class: "card card-pad stack", "aria-label": one.name }, search, result);
  byId("running").prepend(card);
  card.scrollIntoView({ block: "nearest" });
  const job = await follow(search, one);
  if (job.state === "done") result.replaceChildren(...outcome(job.result, one, again, weights.words));
  if (job.state === "failed") result.replaceChildren(notice("bad", job.message));
  if (job.state === "cancelled") card.remove();
  if (edits !== asked) markEarlier(result);
  if (again && document.activeElement === document.body) /** @type {HTMLElement | null} */ (result.querySelector(".btn"))?.focus();
}

/** Ask again with a tolerance that can be met. @param {number} share @param {string | null} measure one of a mixture, else the whole */
function allow(share, measure) {
  if (measure) own.set(measure, "tolerance", share);
  else input("field-tolerance").value = String(Math.round(share * 1000) / 10);
  changed();
  form.requestSubmit(start);
}

/** Designs that were begun and left are followed again. */
async function rejoin() {
  const { items } = await getJson("/api/v1/territories/designs", { quiet: true }).catch(() => ({ items: [] }));
  // Not awaited: the form is there to be used while the searches go on.
  for (const one of items.reverse()) void attend(one, null);
}

/** @param {boolean} on */
function work(on) {
  asking = on;
  judge();
}

function wishes() {
  const asked = number() ?? 0;
  const kept = known("keep");
  const seconds = Number(text("time"));
  return {
    name: text("name"),
    ...ground(),
    count: asked,
    balance: weights.heaviest(),
    weights: weights.mixture(),
    tolerance: own.given("tolerance", tolerance()),
    seed: Math.round(Number(text("seed"))),
    time: seconds,
    effort: Math.max(LEAST_STARTS, Math.round(seconds * STARTS_PER_S)),
    ...times.wish(),
    minimum: own.given("minimum", known("minimum")),
    maximum: own.given("maximum", known("maximum")),
    centres: centres(asked),
    keep: kept,
    disruption: kept === null ? null : keep.budget(),
    stability: kept === null ? 0 : Number(text("stability")),
    lock: kept === null ? [] : keep.lock,
    focus: focus.numbers, give: focus.give,
    together: together.codes,
    apart: apart.codes,
  };
}

/** What an earlier plan was asked to be, and what the editor says of it. */
async function prefill() {
  const { wishes: asked, keep: plan, locked, focus: wanted } = begin;
  if (asked.centres?.length) {
    /** @type {HTMLInputElement} */ (byId("seg-centres-pinned")).checked = true;
    pins.set(asked.centres);
  }
  await keep.begin({ keep: plan, locked, focus: wanted });
  await Promise.all([together.set(asked.together ?? []), apart.set(asked.apart ?? [])]);
  showModes();
}

// ------------------------------------------------------------------------------ fields

/** @param {string} name */
function text(name) {
  return String(new FormData(form).get(name) ?? "");
}

/** A number, or null when the field is empty. @param {string} name */
function known(name) {
  return text(name) === "" ? null : Number(text(name));
}

function tolerance() {
  return Number(text("tolerance")) / 100;
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** @param {string} id */
function select(id) {
  return /** @type {HTMLSelectElement} */ (byId(id));
}
