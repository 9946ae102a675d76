// @ts-check
/** A rep's day: the next stop, what came of each visit, the map, and planning the day anew. */
import { getJson, postJson } from "../lib/api.js";
import { formatDate } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { dayView, empty } from "./visits_cards.js";
import { bindForm } from "./visits_form.js";
import { createDayMap, showLane } from "./visits_map.js";
import { clientId, createQueue } from "./visits_queue.js";

const DOUBLE_TAP_MS = 700;
const setup = JSON.parse(document.getElementById("setup")?.textContent ?? "{}");
const day = /** @type {HTMLElement} */ (document.getElementById("day"));
const lane = /** @type {HTMLElement} */ (document.getElementById("lane"));
const planner = /** @type {HTMLDetailsElement | null} */ (document.getElementById("planner"));
let plan = setup.plan;
/** @type {number | null} */
let open = null;
let quietUntil = 0;
/** @type {Awaited<ReturnType<typeof createDayMap>> | null} */
let map = null;

const queue = createQueue(setup.user, { onChange: draw, onSent: settle, onRefused: refuse });
const actions = { onOutcome: tell, onOpen: toggle, onHover: hover, mayRecord: setup.mayRecord };

bindWhen();
document.getElementById("send-now")?.addEventListener("click", () => queue.send());
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("plan-form"));
if (form) bindForm(form, setup, planDay);
draw();
queue.send();
map = await createDayMap(/** @type {HTMLElement} */ (document.getElementById("map")), toggle);
if (!plan && setup.home) map.goTo(setup.home);
map.show(shown(), true);

/** The plan with the outcomes that still wait to be sent. */
function shown() {
  if (!plan) return null;
  const waiting = new Map(
    queue.waiting().filter((one) => one.plan === plan.plan_id).map((one) => [one.body.account, one.body]),
  );
  const stops = plan.stops.map((/** @type {any} */ stop) => {
    const body = waiting.get(stop.account);
    if (!body) return stop;
    if (body.outcome === "note") return { ...stop, note: body.note, waiting: true };
    return { ...stop, outcome: body.outcome, postponed_to: body.postponed_to, client_id: body.client_id, waiting: true };
  });
  return { ...plan, stops };
}

function draw() {
  const now = shown();
  const focused = document.activeElement?.getAttribute("data-account");
  if (now) day.replaceChildren(...dayView(now, open, actions));
  else day.replaceChildren(noPlan());
  if (focused) /** @type {HTMLElement | null} */ (day.querySelector(`.visits-stop-head[data-account="${CSS.escape(focused)}"]`))?.focus();
  showLane(lane, now, actions);
  map?.show(now, false);
  showWaiting();
}

function noPlan() {
  const past = setup.day < setup.today;
  return empty("route", t("No plan for {day}", { day: formatDate(setup.day) }), past ? t("This day is over.") : t("Plan the day below: whom to visit, and in what order."));
}

function showWaiting() {
  const box = /** @type {HTMLElement} */ (document.getElementById("waiting"));
  const count = queue.waiting().length;
  box.hidden = count === 0;
  const words = document.getElementById("waiting-text");
  if (words) words.textContent = tn("{n} outcome is kept on this device and waiting to be sent.", "{n} outcomes are kept on this device and waiting to be sent.", { n: count });
}

/** @param {any} stop @param {string} outcome */
async function tell(stop, outcome) {
  // The card of the next customer comes to where the thumb is; a double tap must not settle it.
  if (performance.now() < quietUntil) return;
  /** @type {Record<string, unknown>} */
  const more = {};
  if (outcome === "postponed") more.postponed_to = await askDay();
  if (outcome === "note") more.note = await askNote(stop);
  if (more.postponed_to === null || more.note === null) return;
  const replaces = outcome !== "note" && stop.outcome ? stop.client_id : null;
  const body = { account: stop.account, outcome, client_id: clientId(), at: new Date().toISOString(), replaces, ...more };
  quietUntil = performance.now() + DOUBLE_TAP_MS;
  await queue.add({ plan: plan.plan_id, name: stop.name, body });
}

/** The server has it. @param {any} stop @param {import("./visits_queue.js").Waiting} sent */
function settle(stop, sent) {
  if (plan && sent.plan === plan.plan_id) {
    const known = plan.stops.some((/** @type {any} */ one) => one.account === stop.account);
    plan.stops = known ? plan.stops.map((/** @type {any} */ one) => (one.account === stop.account ? stop : one)) : [...plan.stops, stop];
  }
  draw();
  toast(t("Kept: {name}", { name: sent.name }), "good");
}

/** @param {Error} error @param {import("./visits_queue.js").Waiting} refused */
async function refuse(error, refused) {
  toast(`${refused.name}: ${error.message}`, "bad");
  plan = await getJson("/api/v1/visits/plan", { query: { rep: setup.rep.id, date: setup.day }, quiet: true });
  draw();
}

/** @param {Record<string, unknown>} wanted */
async function planDay(wanted) {
  await queue.send();
  plan = await postJson("/api/v1/visits/plan", { ...wanted, rep: setup.rep.id, date: setup.day, version: plan?.version ?? 0 });
  open = null;
  if (planner) planner.open = false;
  const title = document.getElementById("planner-title");
  if (title) title.textContent = t("Plan the day anew");
  draw();
  map?.show(shown(), true);
  for (const scrolled of [document.getElementById("main"), document.querySelector(".visits-day")]) scrolled?.scrollTo(0, 0);
  toast(tn("{n} visit planned", "{n} visits planned", { n: plan.stops.length }), "good");
}

/** @param {number} account */
function toggle(account) {
  open = open === account ? null : account;
  draw();
  if (open) day.querySelector(`.visits-stop-head[data-account="${account}"]`)?.scrollIntoView({ block: "nearest" });
}

/** @param {number | null} account */
function hover(account) {
  map?.highlight(account);
}

// ------------------------------------------------------------------------------ asking

/** @returns {Promise<string | null>} the day, or null when the person changed their mind */
async function askDay() {
  const box = /** @type {HTMLDialogElement} */ (document.getElementById("postpone"));
  const input = /** @type {HTMLInputElement} */ (document.getElementById("postponed-to"));
  const from = setup.day > setup.today ? setup.day : setup.today;
  input.min = dayAfter(from, 1);
  input.value = dayAfter(from, 7);
  for (const quick of box.querySelectorAll("[data-days]")) {
    /** @type {HTMLElement} */ (quick).onclick = () => {
      input.value = dayAfter(from, Number(quick.getAttribute("data-days")));
      box.close("yes");
    };
  }
  return (await answer(box)) && input.value ? input.value : null;
}

/** @param {any} stop @returns {Promise<string | null>} */
async function askNote(stop) {
  const box = /** @type {HTMLDialogElement} */ (document.getElementById("note-box"));
  const input = /** @type {HTMLTextAreaElement} */ (document.getElementById("note-text"));
  input.value = stop.note;
  return (await answer(box)) && input.value.trim() ? input.value.trim() : null;
}

/** @param {HTMLDialogElement} box @returns {Promise<boolean>} */
function answer(box) {
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
  });
}

// ------------------------------------------------------------------------------ which day

function bindWhen() {
  const when = /** @type {HTMLFormElement} */ (document.getElementById("when"));
  const date = /** @type {HTMLInputElement} */ (document.getElementById("date"));
  const go = (/** @type {string} */ to) => {
    date.value = to;
    when.requestSubmit();
  };
  for (const button of when.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => go(dayAfter(setup.day, Number(button.getAttribute("data-step")))));
  }
  when.querySelector("[data-today]")?.addEventListener("click", () => go(setup.today));
  when.addEventListener("change", () => when.reportValidity() && when.requestSubmit());
}

/** @param {string} iso @param {number} days */
function dayAfter(iso, days) {
  const date = new Date(`${iso}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
