// @ts-check
/** The page of address batches: what a batch would take, and how far the one at hand is. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

const EVERY_MS = 1000;
const OPEN_STATES = ["running", "paused", "failed"];
const GRADES = {
  rooftop: t("Building"), interpolated: t("Between neighbours"), street: t("Street"),
  postcode: t("Postcode"), village: t("Village"), district: t("District"),
  regency: t("Regency"), region: t("Region"), country: t("Country"), none: t("No point"),
};

/** @typedef {{addresses: number, lookups: number, local_s: number, services: number,
 *    online_lookups: number,
 *    online: {num_requests: number, costs: Record<string, number>, seconds: number}}} Forecast */

/** How long, as people say it. @param {number} seconds */
function duration(seconds) {
  if (seconds < 90) return tn("{n} second", "{n} seconds", { n: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return tn("{n} minute", "{n} minutes", { n: Math.round(seconds / 60) });
  return tn("{n} hour", "{n} hours", { n: Math.round(seconds / 3600) });
}

// ------------------------------------------------------------------- before a batch begins

/** @param {HTMLElement} form */
async function forecasts(form) {
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('input[name="choice"]'));
  /** @type {Map<string, Forecast>} */
  const known = new Map();
  const draw = () => show(form, known);
  for (const radio of radios) radio.addEventListener("change", draw);
  form.querySelector('input[name="online"]')?.addEventListener("change", draw);
  for (const radio of radios) {
    const found = await getJson("/api/v1/address-batches/estimate", { query: { choice: radio.value } }).catch(() => null);
    if (!found) continue;
    known.set(radio.value, found);
    const count = form.querySelector(`[data-count="${radio.value}"]`);
    if (count) count.textContent = formatNumber(found.addresses);
    draw();
  }
}

/** @param {HTMLElement} form @param {Map<string, Forecast>} known */
function show(form, known) {
  const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector('input[name="choice"]:checked'));
  const forecast = known.get(chosen?.value ?? "");
  const words = form.querySelector("[data-estimate]");
  const start = /** @type {HTMLButtonElement | null} */ (form.querySelector("[data-start]"));
  if (!forecast || !words || !start) return;
  start.disabled = forecast.addresses === 0;
  words.textContent = forecast.addresses
    ? t("{addresses} addresses, {lookups} of them different; about {time} on this machine", {
        addresses: formatNumber(forecast.addresses), lookups: formatNumber(forecast.lookups), time: duration(forecast.local_s),
      })
    : t("There is nothing to look up.");
  const online = /** @type {HTMLElement | null} */ (form.querySelector("[data-online]"));
  if (online) online.hidden = forecast.services === 0 || forecast.addresses === 0;
  const need = form.querySelector("[data-online-words]");
  if (need) need.textContent = cost(forecast);
}

/** @param {Forecast} forecast */
function cost({ online }) {
  return t("About {requests} requests, {cost}, {time}", {
    requests: formatNumber(online.num_requests),
    cost: Object.entries(online.costs).map(([of, amount]) => `${formatNumber(amount)} ${of}`).join(" + ") || t("free of charge"),
    time: duration(online.seconds),
  });
}

// ------------------------------------------------------------------------ while one is at hand

/** @param {HTMLElement} card */
async function follow(card) {
  const batch = await getJson(`/api/v1/address-batches/${card.dataset.batch}`, { quiet: true }).catch(() => null);
  if (batch && (!OPEN_STATES.includes(batch.state) || batch.state !== card.dataset.state)) {
    location.reload();
    return;
  }
  if (batch) draw(card, batch);
  setTimeout(() => follow(card), EVERY_MS);
}

/** @param {HTMLElement} card @param {any} batch */
function draw(card, batch) {
  const share = batch.total ? batch.done / batch.total : 0;
  const line = /** @type {HTMLElement | null} */ (card.querySelector(".progress-line > span"));
  if (line) line.style.width = `${100 * share}%`;
  card.querySelector('[role="progressbar"]')?.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  const words = card.querySelector("[data-words]");
  if (words && batch.stage !== "list") words.textContent = told(batch);
  const grades = Object.entries(GRADES).filter(([grade]) => batch.grades[grade]);
  card.querySelector("[data-grades]")?.replaceChildren(
    el("span", { class: "batch-grades" }, ...grades.map(([grade, name]) => el("span", {}, `${name} `, el("b", {}, formatNumber(batch.grades[grade]))))),
  );
}

/** @param {any} batch */
function told(batch) {
  const parts = [t("{done} of {total} look-ups", { done: formatNumber(batch.done), total: formatNumber(batch.total) })];
  if (batch.resume_at) {
    const time = new Date(batch.resume_at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    parts.push(t("the services can be asked again at {time}", { time }));
  } else if (batch.rate) {
    parts.push(t("{rate} a second", { rate: formatNumber(batch.rate < 10 ? Math.round(batch.rate * 10) / 10 : Math.round(batch.rate)) }));
    if (batch.seconds_left !== null) parts.push(t("about {time} left", { time: duration(batch.seconds_left) }));
  }
  return parts.join(" · ");
}

const form = document.getElementById("batch-form");
if (form) forecasts(form);
const card = /** @type {HTMLElement | null} */ (document.querySelector("[data-batch]"));
if (card && card.dataset.state === "running") follow(card);
