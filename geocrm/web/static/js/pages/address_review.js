// @ts-check
/** The review of addresses: a queue worked off by keys, clicks or taps; each decision saves at once. */
import { getJson, postJson } from "../lib/api.js";
import { formatDistance, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { readState } from "../lib/url_state.js";
import { candidateCard, caseView, pieces, queueRow } from "./address_review_case.js";
import { createReviewMap } from "./address_review_map.js";

const API = "/api/v1/address-review";
const PAGE = 25;
const FEW_LEFT = 8; // the next page is fetched while so many are still at hand
const JOB_EVERY_MS = 1000;

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const review = byId("review");
const setup = JSON.parse(byId("setup").textContent ?? "{}");
const undoButton = /** @type {HTMLButtonElement | null} */ (document.getElementById("undo"));
const alikeBox = /** @type {HTMLInputElement} */ (byId("alike"));
const mayDecide = undoButton !== null;

const KEYS = /** @type {Record<string, () => void>} */ ({
  n: nowhere,
  s: skip,
  u: undo,
  a: toggleAlike,
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Escape: () => map?.resetPin(),
});

/** @type {any[]} the queue as far as it is loaded */
let items = [];
/** @type {any} the case on show */
let current = null;
/** @type {string | null} */
let cursor = null;
let loading = false;
let waiting = Number(review.dataset.count);
let exact = review.dataset.exact === "yes";
/** @type {[number, number] | null} where the pin was moved to */
let pinned = null;
/** Decisions of this page that can be taken back, the newest last. @type {number[]} */
const made = setup.latest ? [setup.latest.id] : [];
/** Decisions are sent one after the other, so that undo takes back the last one. @type {Promise<unknown>} */
let sending = Promise.resolve();

/** @type {any} */
let map = null;
/** Decided here, though the server may not have heard of it yet. @type {Set<number>} */
const decided = new Set();

bind();
// The words need no map, so they do not wait for it.
const first = Promise.all([load(), bringWanted()]).then(() => open(items[0] ?? null));
map = await createReviewMap(byId("map"), { mayPlace: mayDecide, onFocus: focusOn, onPin: showPin });
await first;
showOnMap();

// ---------------------------------------------------------------------------- the queue

async function load() {
  if (loading) return;
  loading = true;
  try {
    const page = await getJson(API, { query: { limit: PAGE, cursor } });
    const known = new Set([...decided, ...items.map((one) => one.account_id)]);
    items.push(...page.items.filter((/** @type {any} */ one) => !known.has(one.account_id)));
    cursor = page.next;
  } finally {
    loading = false;
  }
  drawQueue();
}

/** The case that the address of the page names comes first, whatever is at stake. */
async function bringWanted() {
  const wanted = Number(readState().account);
  if (!Number.isInteger(wanted) || wanted <= 0) return;
  const item = await getJson(`${API}/${wanted}`).catch(() => null);
  if (item?.review === "open") items = [item, ...items.filter((one) => one.account_id !== wanted)];
}

/** Work goes on from what is at hand; more comes in time. */
function topUp() {
  if (cursor && items.length <= FEW_LEFT) load().catch(() => undefined);
}

function drawQueue() {
  byId("queue").replaceChildren(...items.map((item) => queueRow(item, open)));
  byId("more").hidden = !cursor;
  mark();
  sayWaiting();
}

function mark() {
  for (const row of document.querySelectorAll(".review-row")) {
    const here = Number(/** @type {HTMLElement} */ (row).dataset.account) === current?.account_id;
    row.setAttribute("aria-current", here ? "true" : "false");
    if (here) bringIntoQueue(/** @type {HTMLElement} */ (row));
  }
}

/** The page itself stays where it is: on a phone the queue stands below everything. @param {HTMLElement} row */
function bringIntoQueue(row) {
  const list = /** @type {HTMLElement} */ (row.closest(".review-queue"));
  const [top, height] = [row.offsetTop - list.offsetTop, row.offsetHeight];
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + height > list.scrollTop + list.clientHeight) list.scrollTop = top + height - list.clientHeight;
}

function sayWaiting() {
  const count = Math.max(waiting, items.length);
  const words = tn("{n} address waits", "{n} addresses wait", { n: count });
  byId("waiting").textContent = exact ? words : t("More than {n} addresses wait", { n: formatNumber(count) });
  if (undoButton) undoButton.disabled = !made.length;
}

// ---------------------------------------------------------------------------- the case

/** @param {any} item a case of the queue, or null when none is left */
function open(item) {
  current = item;
  const nothing = item === null && !cursor;
  review.classList.toggle("is-empty", nothing);
  byId("empty").hidden = !nothing;
  byId("actions").hidden = item === null || !mayDecide;
  byId("case").replaceChildren(...(item ? caseView(item) : []));
  const events = { mayDecide, onChoose: choose, onFocus: focusOn };
  byId("candidates").replaceChildren(...(item?.candidates ?? []).map((/** @type {any} */ one) => candidateCard(one, events)));
  byId("hint").textContent = item && mayDecide ? hint(item) : "";
  byId("credits").textContent = item ? creditsOf(item) : "";
  byId("main").scrollTop = 0;
  showOnMap();
  mark();
  alikeBox.checked = false;
  byId("alike-line").hidden = true;
  countAlike(item);
}

function showOnMap() {
  map?.show(current);
  focusOn(current?.candidates.length ? 1 : null);
}

/** @param {any} item */
function hint(item) {
  if (!item.candidates.length) return t("No place is on offer. Click the map or drag the pin to where the customer is, or say that it is nowhere.");
  return t("None of them? Click the map or drag the pin to where the customer is.");
}

/** Whose points are on offer, each once. @param {any} item */
function creditsOf(item) {
  return [...new Set(item.candidates.map((/** @type {any} */ one) => one.attribution))].filter(Boolean).join(" · ");
}

/** How many are written the same is asked for beside, so that nobody waits for it. @param {any} item */
async function countAlike(item) {
  if (!item || !mayDecide) return;
  if (item.alike === null || item.alike === undefined) {
    const fresh = await getJson(`${API}/${item.account_id}`, { quiet: true }).catch(() => null);
    item.alike = fresh?.alike ?? 0;
  }
  if (item !== current) return;
  byId("alike-line").hidden = !item.alike;
  byId("alike-words").textContent = tn("Same for {n} other address that is written alike", "Same for {n} other addresses that are written alike", { n: item.alike });
}

/** @param {number | null} number */
function focusOn(number) {
  map?.focus(number);
  for (const card of document.querySelectorAll(".review-candidate")) {
    card.classList.toggle("is-focused", Number(/** @type {HTMLElement} */ (card).dataset.number) === number);
  }
  const one = current?.candidates.find((/** @type {any} */ each) => each.number === number);
  if (one) byId("written").replaceChildren(...pieces(one.written));
}

/** @param {[number, number] | null} lonLat @param {number | null} movedM */
function showPin(lonLat, movedM) {
  pinned = lonLat;
  byId("pin-bar").hidden = lonLat === null;
  const words = movedM === null ? t("Here is where the customer is.") : t("{distance} from where it is now.", { distance: formatDistance(movedM) });
  byId("pin-words").textContent = words;
}

// ---------------------------------------------------------------------------- deciding

/** @param {number} number */
function choose(number) {
  const one = current?.candidates.find((/** @type {any} */ each) => each.number === number);
  if (!one) return;
  const label = one.label ?? t("as it is");
  decide({ action: "choose", candidate: number }, t("{name}: {label}", { name: current.name, label }));
}

function place() {
  if (!pinned) return;
  decide({ action: "place", lon: pinned[0], lat: pinned[1] }, t("{name}: placed by hand", { name: current.name }));
}

function nowhere() {
  if (current) decide({ action: "nowhere" }, t("{name}: nowhere", { name: current.name }));
}

/**
 * The next case is on show before the server has answered; when it refuses, the case comes back.
 * @param {Record<string, unknown>} answer @param {string} said
 */
function decide(answer, said) {
  if (!mayDecide || !current) return;
  const item = current;
  const alike = alikeBox.checked;
  const at = items.indexOf(item);
  const gone = alike ? items.filter((one) => one === item || isAlike(one, item)) : [item];
  items = items.filter((one) => !gone.includes(one));
  for (const one of gone) decided.add(one.account_id);
  waiting -= gone.length;
  open(items[Math.min(at, items.length - 1)] ?? null);
  drawQueue();
  topUp();
  const sent = sending.then(() => postJson(`${API}/${item.account_id}`, { ...answer, alike, seen: item.seen }, { quiet: true }));
  sending = sent.then(
    (found) => saved(found, gone.length, said),
    (error) => refused(error, item, gone, at),
  );
}

/** @param {any} one @param {any} other */
function isAlike(one, other) {
  return one.country === other.country && one.written.toLowerCase() === other.written.toLowerCase();
}

/** @param {any} found @param {number} gone @param {string} said */
function saved(found, gone, said) {
  made.push(found.id);
  waiting -= found.changed - gone;
  sayWaiting();
  if (found.changed > 1) toast(tn("{said}, and {n} more.", "{said}, and {n} more.", { said, n: found.changed - 1 }), "good", { action: { words: t("Undo"), run: undo } });
  if (!items.length && !current) refill();
}

/** @param {any} error @param {any} item @param {any[]} gone @param {number} at */
function refused(error, item, gone, at) {
  const now = error.problem?.now;
  toast(now ? overtaken(now) : error.message, now ? "warn" : "bad");
  waiting += gone.length;
  for (const one of gone) decided.delete(one.account_id);
  const back = gone.filter((one) => one !== item);
  if (!now || now.review === "open") back.unshift(now ?? item);
  else waiting -= 1;
  items.splice(Math.min(at, items.length), 0, ...back);
  drawQueue();
  if (back[0]) open(back[0]);
}

/** Why a decision came too late. @param {any} now the address as it is */
function overtaken(now) {
  if (now.review === "open") return t("{name}: the address changed since you opened it. Look at it again.", { name: now.name });
  const who = now.reviewed_by ?? now.placed_by ?? t("somebody else");
  return t("{name}: {who} decided this meanwhile.", { name: now.name, who });
}

/** The loaded part is worked off: there may be more behind it. */
async function refill() {
  if (!cursor) return;
  await load();
  open(items[0] ?? null);
}

function skip() {
  if (!current) return;
  const at = items.indexOf(current);
  open(items[(at + 1) % items.length]);
  if (at + FEW_LEFT >= items.length && cursor) load().catch(() => undefined);
}

/** @param {number} step */
function move(step) {
  const at = items.indexOf(current) + step;
  if (items[at]) open(items[at]);
}

async function undo() {
  await sending;
  const id = made.pop();
  if (id === undefined) return;
  sayWaiting();
  // A refusal has been told; what cannot be taken back is not asked for again.
  const done = await postJson(`/api/v1/address-decisions/${id}/undo`).catch(() => null);
  if (!done) return;
  if (done.job) {
    toast(t("The decision is being taken back."), "info");
    await finished(done.job);
    items = [];
    cursor = null;
    decided.clear();
    await load();
    open(items[0] ?? null);
    return;
  }
  const back = new Set(done.cases.map((/** @type {any} */ one) => one.account_id));
  for (const id of back) decided.delete(id);
  items = [...done.cases, ...items.filter((one) => !back.has(one.account_id))];
  waiting += done.restored;
  drawQueue();
  open(items[0] ?? null);
  toast(tn("{n} address is as it was.", "{n} addresses are as they were.", { n: done.restored }), "good");
}

/** @param {number} job */
async function finished(job) {
  for (;;) {
    const { state } = await getJson(`/api/v1/jobs/${job}`);
    if (["done", "failed", "cancelled"].includes(state)) return;
    await new Promise((resolve) => setTimeout(resolve, JOB_EVERY_MS));
  }
}

// ---------------------------------------------------------------------------- keys and buttons

function bind() {
  byId("more").addEventListener("click", () => load());
  byId("nowhere").addEventListener("click", nowhere);
  byId("skip").addEventListener("click", skip);
  byId("pin-place").addEventListener("click", place);
  byId("pin-reset").addEventListener("click", () => map?.resetPin());
  undoButton?.addEventListener("click", undo);
  document.addEventListener("keydown", press);
  document.addEventListener("search:choose", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (detail.lon === null || detail.lon === undefined) return;
    event.preventDefault();
    map?.map.flyTo({ center: [detail.lon, detail.lat], zoom: detail.zoom ?? 14 });
  });
}

/** @param {KeyboardEvent} event */
function press(event) {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!(target instanceof Element) || target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
  if (document.querySelector("dialog[open]")) return;
  const onMap = target.matches(".maplibregl-canvas");
  if (onMap && key.startsWith("Arrow")) return;
  if (key === "Enter") {
    if (!pinned || target.closest("a, button, summary")) return;
    place();
  } else if (/^[1-9]$/.test(key)) choose(Number(key));
  else if (KEYS[key] ?? KEYS[key.toLowerCase()]) (KEYS[key] ?? KEYS[key.toLowerCase()])();
  else return;
  event.preventDefault();
}

function toggleAlike() {
  if (!byId("alike-line").hidden) alikeBox.checked = !alikeBox.checked;
}
