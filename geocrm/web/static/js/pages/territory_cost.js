// @ts-check
/** True cost: sampled weeks of visits, planned day by day, of one plan or of two side by side. */
import { getJson, postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { t } from "../lib/i18n.js";
import { measured } from "./territory_cost_view.js";
import { keptRates, rateFields, settingFields } from "./territory_cost_fields.js";

const LOOK_EVERY_MS = 700;
// A job that nobody takes up in this time tells that no worker runs.
const PATIENCE_MS = 15_000;

const section = document.getElementById("cost");
const place = document.getElementById("cost-body");
const api = `/api/v1/territories/plans/${section?.dataset.plan}/true-cost`;
const against = section?.dataset.against ? Number(section.dataset.against) : null;
if (place) show(place);

/** @param {HTMLElement} body @param {string} [trouble] what went wrong just now */
async function show(body, trouble) {
  try {
    const { cost, job_id: job } = await getJson(api, { query: { against, ...keptRates() }, quiet: true });
    if (job) await follow(body, job);
    else draw(body, cost, trouble);
  } catch {
    body.replaceChildren(failure(() => show(body)));
  }
}

/** @param {HTMLElement} body @param {any} cost @param {string} [trouble] */
function draw(body, cost, trouble) {
  const settings = settingFields(cost?.asked);
  body.replaceChildren(
    ...(trouble ? [notice("bad", trouble)] : []),
    ...(cost ? [...told(cost), figures(cost)] : [invitation()]),
    el("details", { class: "section-fold cost-fold" }, el("summary", {}, t("How to measure")), settings.form),
    measureButton(body, settings, cost !== null),
  );
}

/** The figures, and the fields of money that change them at once. @param {any} cost */
function figures(cost) {
  const place = el("div", { class: "stack" }, ...measured(cost));
  const fields = rateFields(async () => {
    const again = await getJson(api, { query: { against, ...keptRates() } });
    if (again.cost) place.replaceChildren(...measured(again.cost));
  });
  return el("div", { class: "stack" }, place, el("details", { class: "section-fold cost-fold" }, el("summary", {}, t("Money")), fields));
}

/** What must be said before the figures. @param {any} cost @returns {Node[]} */
function told(cost) {
  const said = [];
  if (cost.stale.length) said.push(notice("warn", t("Ground, people or homes have changed since: measure again.")));
  if (cost.plans.length === 2) {
    const [a, b] = cost.plans;
    if (!cost.same_visits) said.push(notice("warn", t("The plans do not hold the same customers; the difference counts that, too.")));
    const homes = cost.plans.map((/** @type {any} */ plan) => plan.from_home / plan.territories.length);
    if (cost.asked.start === "home" && homes[0] !== homes[1]) {
      const words = { a: a.from_home, all: a.territories.length, b: b.from_home, every: b.territories.length };
      said.push(notice("info", t("Days start at homes in {a} of {all} territories here and in {b} of {every} there. To leave people out of it, let days start in the middle of the visits.", words)));
    }
  }
  return said;
}

function invitation() {
  return el("p", { class: "muted" }, against
    ? t("Plan the same sampled weeks of visits in both plans, and see what each takes in driving, nights and people.")
    : t("Plan sampled weeks of visits in this plan, day by day, and see what they take in driving, nights and people."));
}

/** @param {"bad" | "warn" | "info"} kind @param {string} words */
function notice(kind, words) {
  const symbol = { bad: "alert-circle", warn: "alert-triangle", info: "info-circle" }[kind];
  return el("div", { class: `notice notice-${kind}`, role: kind === "bad" ? "alert" : null }, icon(symbol), el("div", { class: "grow" }, words));
}

/** @param {HTMLElement} body @param {{read: () => Record<string, unknown>}} settings @param {boolean} again */
function measureButton(body, settings, again) {
  const button = el("button", { class: again ? "btn btn-ghost" : "btn", type: "button" }, icon(again ? "refresh" : "route"), again ? t("Measure again") : t("Measure"));
  button.addEventListener("click", async () => {
    button.setAttribute("disabled", "");
    const job = await started(body, settings.read());
    if (job) await follow(body, job);
    else button.removeAttribute("disabled");
  });
  return el("div", { class: "row-line" }, button);
}

/** The job; none when it was refused, which is said above what was filled in. @param {HTMLElement} body @param {Record<string, unknown>} wanted */
async function started(body, wanted) {
  body.querySelector(".notice-bad")?.remove();
  try {
    const { job_id: job } = await postJson(api, { against, ...wanted }, { quiet: true });
    return job;
  } catch (error) {
    const trouble = notice("bad", /** @type {Error} */ (error).message);
    body.prepend(trouble);
    trouble.scrollIntoView({ block: "nearest" });
    return null;
  }
}

/** Show how far the job is until it has ended. @param {HTMLElement} body @param {number} job */
async function follow(body, job) {
  try {
    await watch(body, job);
  } catch {
    body.replaceChildren(failure(() => show(body)));
  }
}

/** @param {HTMLElement} body @param {number} job */
async function watch(body, job) {
  const words = el("span", { class: "muted small grow" }, t("Waiting for a worker …"));
  const fill = el("span");
  const cancel = el("button", { class: "btn btn-ghost", type: "button" }, t("Cancel"));
  cancel.addEventListener("click", () => postJson(`/api/v1/jobs/${job}/cancel`));
  body.replaceChildren(el("div", { class: "progress-line" }, fill), el("div", { class: "row-line" }, words, cancel));
  const since = Date.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const state = await getJson(`/api/v1/jobs/${job}`, { quiet: true });
    if (state.state === "failed") return show(body, state.message);
    if (state.state === "done" || state.state === "cancelled") return show(body);
    fill.style.width = `${state.done}%`;
    if (state.state !== "waiting") words.textContent = t("Planning days … {share} %", { share: state.done });
    else if (Date.now() - since > PATIENCE_MS) words.textContent = t("No worker takes this up. Start one with: geocrm worker");
  }
}
