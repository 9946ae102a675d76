// @ts-check
/** Where a plan stands: histograms of other valid plans, and the curve of what moving buys. */
import { getJson, postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatDateTime, formatNumber, formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { curve, histogram } from "./territory_standing_charts.js";

const LOOK_EVERY_MS = 700;
// A job that nobody takes up in this time tells that no worker runs.
const PATIENCE_MS = 15_000;

const section = document.getElementById("standing");
const body = document.getElementById("standing-body");
if (section && body) show(body, `/api/v1/territories/plans/${section.dataset.plan}/standing`);

/** @param {HTMLElement} place @param {string} api */
async function show(place, api) {
  const { standing } = await getJson(api);
  place.replaceChildren(...(standing ? measured(standing) : [invitation()]), measureButton(place, api, standing !== null));
}

function invitation() {
  return el("p", { class: "muted" }, t("Compare it with thousands of other valid plans that nobody chose, and see how much balance each share of moved customers would buy."));
}

/** @param {HTMLElement} place @param {string} api @param {boolean} again */
function measureButton(place, api, again) {
  const button = el("button", { class: again ? "btn btn-ghost" : "btn", type: "button" }, icon(again ? "refresh" : "chart-bar"), again ? t("Measure again") : t("Measure"));
  button.addEventListener("click", () => measure(place, api));
  return el("div", { class: "row-line" }, button);
}

/** @param {any} found @returns {Node[]} */
function measured(found) {
  const words = t("Better than this share of {n} contiguous plans within ±{tolerance}:", { n: formatNumber(found.plans), tolerance: formatShare(found.tolerance) });
  const live = found.against === "live";
  return [
    found.stale ? el("div", { class: "notice notice-warn" }, icon("alert-triangle"), el("div", { class: "grow" }, t("Units have moved since: measure again."))) : null,
    el("p", { class: "muted small" }, words),
    el("div", { class: "standing-axes" }, ...axes(found, live)),
    el("h3", { class: "overline" }, live ? t("What moving from the live plan buys") : t("What moving from this plan buys")),
    curve(found.tradeoff),
    el("p", { class: "small" }, bought(found.tradeoff.points)),
    el("details", { class: "section-fold" }, el("summary", {}, t("How it was measured")), el("p", { class: "muted small" }, method(found))),
  ].filter((node) => node !== null);
}

/** @param {any} found @param {boolean} live */
function axes(found, live) {
  const km = (/** @type {number} */ value) => t("{n} km", { n: formatNumber(value, 0) });
  const share = (/** @type {number} */ value) => formatShare(value, { digits: 1 });
  const plain = (/** @type {number} */ value) => formatNumber(Math.round(value));
  return [
    card(t("Largest deviation"), found.axes.balance, share),
    card(t("Distance from the middle"), found.axes.travel, km),
    live ? card(t("Moved from the live plan"), found.axes.disruption, share) : null,
    card(t("Cut borders"), found.axes.cut_edges, plain),
  ].filter((node) => node !== null);
}

/** @param {string} title @param {any} axis @param {(value: number) => string} format */
function card(title, axis, format) {
  if (!axis) return null;
  const beats = formatShare(axis.beats, { digits: 0 });
  return el("figure", { class: "standing-axis" },
    el("figcaption", {}, el("span", {}, title), el("b", {}, beats)),
    histogram(axis, t("{title}: {value}; better than {share} of the plans", { title, value: format(axis.value), share: beats })),
    el("div", { class: "standing-ends muted small" }, el("span", {}, t("here {value}", { value: format(axis.value) })), el("span", {}, t("median {value}", { value: format(axis.median) }))));
}

/** The steepest part of the curve in a sentence. @param {{budget: number, deviation: number}[]} points */
function bought(points) {
  if (!points.length) return t("Moving less than everything cannot make this plan whole.");
  const first = points[0];
  const last = points[points.length - 1];
  const gain = first.deviation - last.deviation;
  if (gain < 0.005) return t("Moving customers would hardly improve the balance: {a} is left now, {b} at best.", { a: formatShare(first.deviation), b: formatShare(last.deviation) });
  const enough = points.find((point) => first.deviation - point.deviation >= 0.8 * gain) ?? last;
  return t("Moving at most {share} takes the largest deviation from {a} to {b}.", { share: formatShare(enough.budget, { digits: 0 }), a: formatShare(first.deviation), b: formatShare(enough.deviation) });
}

/** @param {any} found */
function method(found) {
  const apart = Math.max(...Object.values(found.axes).map((/** @type {any} */ axis) => axis?.disagreement ?? 0));
  return t("Two random walks of recombination from plan to plan (seed {seed}), one plan kept every {thin} steps after {burn} steps. They meet compact plans more often than ragged ones and look at nothing else; their answers differ by at most {apart}. Measured {when}.", {
    seed: found.seed,
    thin: formatNumber(found.thin),
    burn: formatNumber(found.burn_in),
    apart: formatShare(apart),
    when: formatDateTime(found.measured_at),
  });
}

/** @param {HTMLElement} place @param {string} api */
async function measure(place, api) {
  const words = el("span", { class: "muted small" }, t("Waiting for a worker …"));
  const fill = el("span");
  const cancel = el("button", { class: "btn btn-ghost", type: "button" }, t("Cancel"));
  place.replaceChildren(el("div", { class: "progress-line" }, fill), el("div", { class: "row-line" }, words, cancel));
  try {
    const { job_id: job } = await postJson(api, {}, { quiet: true });
    cancel.addEventListener("click", () => postJson(`/api/v1/jobs/${job}/cancel`));
    await follow(job, words, fill);
    await show(place, api);
  } catch (error) {
    const sentence = /** @type {Error} */ (error).message;
    place.replaceChildren(el("div", { class: "notice notice-bad" }, icon("alert-circle"), el("div", { class: "grow" }, sentence)), measureButton(place, api, false));
  }
}

/** Until the job has ended. @param {number} job @param {HTMLElement} words @param {HTMLElement} fill */
async function follow(job, words, fill) {
  const since = Date.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const state = await getJson(`/api/v1/jobs/${job}`, { quiet: true });
    if (state.state === "failed") throw new Error(state.message);
    if (state.state === "done" || state.state === "cancelled") return;
    fill.style.width = `${state.done}%`;
    const waiting = state.state === "waiting";
    if (!waiting) words.textContent = t("Measuring … {share} %", { share: state.done });
    else if (Date.now() - since > PATIENCE_MS) words.textContent = t("No worker takes this up. Start one with: geocrm worker");
  }
}
