// @ts-check
/** The fields of the true cost: how to measure, and what a kilometre, an hour and a night cost. */
import { el } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const KEY = "geocrm-cost-rates";
const currency = document.documentElement.dataset.currency || "IDR";

/** The rates this browser was told, as the API takes them. @returns {Record<string, number>} */
export function keptRates() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** Three fields of money. @param {() => void} onChange */
export function rateFields(onChange) {
  const rates = keptRates();
  const field = (/** @type {string} */ name, /** @type {string} */ label) => {
    const input = numberInput(`cost-${name}`, rates[name], { min: 0, step: "any" });
    input.addEventListener("change", () => {
      const known = { ...keptRates(), [name]: input.value === "" ? undefined : Number(input.value) };
      if (!input.checkValidity()) return;
      localStorage.setItem(KEY, JSON.stringify(known));
      onChange();
    });
    return labelled(label, input);
  };
  return el("div", { class: "cost-fields" },
    field("cost_per_km", t("{currency} a km", { currency })),
    field("cost_per_hour", t("{currency} an hour of work", { currency })),
    field("cost_per_night", t("{currency} a night away", { currency })),
    el("p", { class: "hint" }, t("Applied to all visits that are due, made or not. Kept in this browser.")));
}

/**
 * How to measure, as it was the last time.
 * @param {any} asked
 */
export function settingFields(asked) {
  const hours = asked ? `${clock(asked.shift_start_s)}-${clock(asked.shift_end_s)}` : "08:00-17:00";
  const weeks = numberInput("cost-weeks", asked?.weeks ?? 4, { min: 1, max: 52 });
  const seed = numberInput("cost-seed", asked?.seed ?? 1, { min: 0, max: 2 ** 31 - 1 });
  const days = numberInput("cost-days", asked?.days ?? 5, { min: 1, max: 7 });
  const visit = numberInput("cost-visit", asked ? asked.visit_s / 60 : 30, { min: 1, max: 1440, step: "any" });
  const ferry = numberInput("cost-ferry", asked?.ferry_kmh ?? 25, { min: 1, max: 200, step: "any" });
  const boarding = numberInput("cost-boarding", asked?.boarding_min ?? 60, { min: 0, max: 1440, step: "any" });
  const shift = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", id: "cost-hours", value: hours, maxlength: 20 }));
  const start = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", id: "cost-start" },
    el("option", { value: "home" }, t("the reps’ homes, where known")),
    el("option", { value: "centre" }, t("the middle of the visits"))));
  start.value = asked?.start ?? "home";
  const form = el("div", { class: "cost-fields" },
    labelled(t("Weeks of a year"), weeks), labelled(t("Seed"), seed),
    labelled(t("Working days a week"), days), labelled(t("Hours of a day"), shift),
    labelled(t("Minutes a visit"), visit), labelled(t("Days start at"), start),
    labelled(t("Ferry, km/h"), ferry), labelled(t("Minutes to board a ferry"), boarding));
  const read = () => ({
    weeks: Number(weeks.value), seed: Number(seed.value), days: Number(days.value),
    visit_min: Number(visit.value), hours: shift.value, start: start.value,
    ferry_kmh: Number(ferry.value), boarding_min: Number(boarding.value),
  });
  return { form, read };
}

/** @param {string} id @param {number | undefined} value @param {Record<string, unknown>} limits */
function numberInput(id, value, limits) {
  return /** @type {HTMLInputElement} */ (el("input", { class: "form-control", type: "number", inputmode: "decimal", id, value: value ?? "", ...limits }));
}

/** @param {string} words @param {HTMLElement} input */
function labelled(words, input) {
  return el("div", { class: "field" }, el("label", { for: input.id }, words), input);
}

/** @param {number} seconds */
function clock(seconds) {
  const minutes = Math.round(seconds / 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
