// @ts-check
/** A design under way: its curve, stop and keep, cancel; and what came of it. */
import { getJson, postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatNumber, formatShare } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { lastOf, searchCurve } from "./territory_design_curve.js";

const LOOK_EVERY_MS = 700;
// A job that nobody takes up in this time tells that no worker runs.
const PATIENCE_MS = 15_000;

/** @typedef {{id: number, name: string, time: number, keep: number | null, focus: number[]}} Running */

/**
 * Follow a design until it has ended.
 * @param {HTMLElement} place @param {Running} design
 * @returns {Promise<any>} the job; its state is done, failed or cancelled
 */
export async function follow(place, design) {
  const since = Date.now();
  const view = createView(place, design);
  for (;;) {
    const job = await getJson(`/api/v1/jobs/${design.id}`, { quiet: true });
    view.update(job, Date.now() - since > PATIENCE_MS);
    if (["done", "failed", "cancelled"].includes(job.state)) {
      view.end();
      return job;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** @param {HTMLElement} place @param {Running} design */
function createView(place, design) {
  const words = el("span", { role: "status" }, t("Waiting for a worker …"));
  const fill = el("span");
  const progress = el("div", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0, "aria-label": t("Progress") }, el("div", { class: "progress-line" }, fill));
  const picture = el("div");
  const figures = el("dl", { class: "design-figures" });
  const stop = button("player-stop", t("Stop and keep"), "btn", `/api/v1/territories/designs/${design.id}/stop`);
  const cancel = button("x", t("Cancel"), "btn btn-ghost", `/api/v1/jobs/${design.id}/cancel`);
  const actions = el("div", { class: "row-line" }, stop, cancel);
  stop.disabled = true;
  stop.title = t("End the search now; the best plan so far becomes the draft");
  cancel.title = t("End the search and keep nothing");
  const focus = design.focus.length ? el("p", { class: "muted small" }, tn("Only the one territory in focus is searched; best, limit and gap are of that.", "Only the {n} territories in focus are searched; best, limit and gap are of these.", { n: design.focus.length })) : "";
  place.replaceChildren(el("h2", { class: "h3" }, design.name), focus, words, progress, picture, figures, actions);
  let asked = "";
  // While the worker is at a long step it says nothing; the clock goes on all the same.
  let heard = { message: "", at: Date.now() };
  stop.addEventListener("click", () => (asked = t("Stopping; the best plan so far is saved …")));
  cancel.addEventListener("click", () => (asked = t("Cancelling …")));

  return {
    /** @param {any} job @param {boolean} late */
    update(job, late) {
      if (job.message !== heard.message) heard = { message: job.message, at: Date.now() };
      const shown = told(job.message);
      if (shown && job.state === "running") shown.elapsed_s += (Date.now() - heard.at) / 1000;
      stop.disabled = job.state !== "running" || !shown?.curve.length || asked !== "";
      cancel.disabled = asked !== "";
      words.textContent = asked || phase(job, shown, late);
      fill.style.width = `${job.done}%`;
      progress.setAttribute("aria-valuenow", String(job.done));
      if (!shown?.curve.length) return;
      picture.replaceChildren(searchCurve(shown.curve, shown.elapsed_s, design.time));
      const { best, bound, gap } = lastOf(shown.curve);
      figures.replaceChildren(
        ...fact(t("Best so far"), best === null ? "–" : t("{share} of the first plan", { share: formatShare(best) }), "best"),
        ...fact(t("Proven limit"), bound === null ? (job.state === "running" ? t("not yet") : "–") : formatShare(bound), "bound"),
        ...fact(t("Gap"), gap === null ? "–" : formatShare(gap)),
        ...fact(t("Time"), t("{n} of {all} s", { n: formatNumber(shown.elapsed_s, 0), all: formatNumber(design.time, 0) })));
    },
    end() {
      for (const one of [words, progress, actions]) one.remove();
    },
  };
}

/** @param {any} job @param {any} shown @param {boolean} late */
function phase(job, shown, late) {
  if (job.state === "waiting") return late ? t("No worker takes this up. Start one with: geocrm worker") : t("Waiting for a worker …");
  if (!shown?.curve.length) return t("Getting ready …");
  return shown.proving ? t("Proving how good the best plan is …") : t("Designing … {share} %", { share: job.done });
}

/** @param {string} title @param {string} value @param {string} [line] whose line in the picture it is */
function fact(title, value, line) {
  return [el("dt", line ? { class: `design-key design-key-${line}` } : {}, title), el("dd", {}, value)];
}

/** @param {string} symbol @param {string} words @param {string} look @param {string} path */
function button(symbol, words, look, path) {
  const made = /** @type {HTMLButtonElement} */ (el("button", { class: look, type: "button" }, icon(symbol), words));
  made.addEventListener("click", async () => {
    made.disabled = true;
    await postJson(path).catch(() => (made.disabled = false));
  });
  return made;
}

/** What the worker said of the search. @param {string | null} message */
function told(message) {
  return message?.startsWith("{") ? JSON.parse(message) : null;
}

/**
 * What came of it, and what to do next.
 * @param {any} result of the job @param {Running} design
 * @param {((tolerance: number, measure: string | null) => void) | null} again
 * @param {(measure: string) => string} words what a measure is called
 */
export function outcome(result, design, again, words) {
  const { plan_id: plan, missed } = result;
  const open = el("a", { class: missed ? "btn" : "btn btn-primary", href: `/territories/${plan}` }, icon("polygon"), t("Open the draft"));
  const compare = design.keep ? el("a", { class: "btn", href: `/territories/compare?a=${design.keep}&b=${plan}` }, icon("git-compare"), t("Compare")) : null;
  return [
    notice(missed ? "warn" : "good", ended(result), ...(missed ? [el("p", {}, missedWords(missed, words))] : [])),
    el("p", { class: "muted small" }, [heldWords(result, words), proven(result), focusWords(result), movedWords(result)].filter(Boolean).join(" ")),
    el("div", { class: "row-line" },
      missed && again ? allowButton(missed, again) : null, open, compare),
  ];
}

/** What went wrong with an earlier wish is marked as of that. @param {Element} result */
export function markEarlier(result) {
  const wrong = result.querySelector(".notice-warn, .notice-bad");
  if (!wrong || result.querySelector("[data-earlier]")) return;
  // It would ask for the form as it is by now.
  result.querySelector("[data-allow]")?.remove();
  result.prepend(el("p", { class: "muted small", "data-earlier": "" }, t("Of what was asked for before; the form has changed since.")));
}

/** @param {any} result */
function ended({ stopped, elapsed_s: seconds, max_deviation: deviation }) {
  const figures = { deviation: formatShare(deviation), seconds: formatNumber(seconds, 0) };
  if (stopped === "person") return t("Stopped early after {seconds} s: the best plan so far is saved as a draft, ±{deviation} off the mean at most.", figures);
  if (stopped === "clock") return t("The time was up after {seconds} s: the best plan is saved as a draft, ±{deviation} off the mean at most.", figures);
  return t("The plan is saved as a draft, ±{deviation} off the mean at most.", figures);
}

/** What is proven of the plan. @param {any} result */
function proven({ gap, bound_kind: kind, proven_optimal: best }) {
  if (best) return t("Proven: no plan within these limits is better.");
  if (gap === null || gap > 0.999) return t("Nothing is proven about how much better a plan could be.");
  const figures = { gap: formatShare(gap) };
  return kind === "global"
    ? t("Proven: no plan within these limits is more than {gap} better.", figures)
    : t("Proven for these centres: no allocation to them is more than {gap} better; other centres may be.", figures);
}

/** @param {any} result */
function focusWords({ focus }) {
  return focus ? t("All of this is said of the territories in focus; the others are as they were.") : "";
}

/** @param {any} result */
function movedWords({ moved, focus }) {
  if (moved && focus) return tn("{share} of what the territories in focus hold moves, {n} unit; that is {part} of the plan.", "{share} of what the territories in focus hold moves, {n} units; that is {part} of the plan.", { share: formatShare(moved.share), n: moved.units, part: formatShare(focus.moved_of_plan) });
  return moved ? tn("{share} of what is shared out moves, {n} unit.", "{share} of what is shared out moves, {n} units.", { share: formatShare(moved.share), n: moved.units }) : "";
}

/** How even further measures are. @param {any} result @param {(measure: string) => string} words */
function heldWords({ held }, words) {
  return Object.entries(held ?? {}).map(([measure, one]) => t("{measure}: ±{deviation}, {least} to {most} each.", { measure: words(measure), deviation: formatShare(one.max_deviation), least: formatNumber(one.least, 0), most: formatNumber(one.most, 0) })).join(" ");
}

/** Why the limits were not met. @param {any} missed @param {(measure: string) => string} words */
function missedWords({ asked, reached, unit, floor, least, most, mean, measure }, words) {
  const figures = { asked: formatShare(asked ?? 0), reached: formatShare(reached), unit, alone: formatNumber((floor ?? 0) + 1, 2), floor: formatShare(floor ?? 0), least: formatNumber(least, 0), most: formatNumber(most, 0) };
  if (mean !== null) return t("±{asked} is impossible: the territories in focus hold {held} of their part of the plan, so {off} is the least. The best reached is {reached}. Allow that, or take others into focus.", { ...figures, held: formatShare(1 + mean), off: formatShare(Math.abs(mean)) });
  if (measure) return missedMeasure(words(measure), asked, figures);
  if (reached <= asked) return t("The limits of the load were not met: territories hold between {least} and {most}.", figures);
  return unit
    ? t("±{asked} is impossible: {unit} alone, or with the only unit beside it, is {alone} territories, so {floor} is the least. The best reached is {reached}.", figures)
    : t("±{asked} was not met; the best reached is {reached}. More time may help.", figures);
}

/** @param {string} measure @param {number | null} asked @param {Record<string, string>} figures */
function missedMeasure(measure, asked, figures) {
  return asked === null
    ? t("{measure}: the limits were not met, territories hold between {least} and {most}.", { measure, ...figures })
    : t("{measure}: ±{asked} was not met; the best reached is {reached}. More time may help.", { measure, ...figures });
}

/** @param {any} missed @param {(tolerance: number, measure: string | null) => void} allow */
function allowButton({ asked, reached, measure }, allow) {
  if (asked === null || reached <= asked || reached > 1) return null;
  return el("button", { class: "btn btn-primary", type: "button", "data-allow": "", onclick: () => allow(reached, measure) }, icon("check"), t("Allow {share}", { share: formatShare(reached) }));
}

/** @param {"good" | "warn" | "bad"} kind @param {...(Node | string)} content */
export function notice(kind, ...content) {
  const symbol = { good: "circle-check", warn: "alert-triangle", bad: "alert-circle" }[kind];
  return el("div", { class: `notice notice-${kind}`, role: kind === "bad" ? "alert" : "status" }, icon(symbol), el("div", { class: "grow" }, ...content));
}

