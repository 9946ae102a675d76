// @ts-check
/** The form of a new plan: starts the design, shows how far it is, and opens the draft. */
import { getJson, postJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { formatShare } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const LOOK_EVERY_MS = 700;
// A job that nobody takes up in this time tells that no worker runs.
const PATIENCE_MS = 15_000;

const form = /** @type {HTMLFormElement} */ (byId("design"));
const level = /** @type {HTMLSelectElement} */ (byId("field-level"));
const within = /** @type {HTMLSelectElement} */ (byId("field-within"));
const start = /** @type {HTMLButtonElement} */ (byId("start"));
let job = 0;

level.addEventListener("change", offerAreas);
offerAreas();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  refuse("");
  running(true);
  try {
    const answer = await postJson("/api/v1/territories/designs", wishes(), { quiet: true });
    job = answer.job_id;
    await follow(job, Date.now());
  } catch (error) {
    refuse(/** @type {Error} */ (error).message);
    running(false);
  }
});

byId("cancel").addEventListener("click", async () => {
  if (job) await postJson(`/api/v1/jobs/${job}/cancel`);
});

/** Only areas that hold units of the chosen level. */
function offerAreas() {
  for (const option of within.options) {
    const fits = !option.value || option.dataset.level === level.value;
    option.hidden = !fits;
    option.disabled = !fits;
  }
  if (within.selectedOptions[0]?.disabled) within.value = "";
}

function wishes() {
  const given = new FormData(form);
  const number = (/** @type {string} */ name) => Number(given.get(name));
  const known = (/** @type {string} */ name) => (given.get(name) === "" ? null : number(name));
  const keep = known("keep");
  const move = known("disruption");
  return {
    name: given.get("name"),
    level: given.get("level"),
    within: given.get("within") || null,
    count: Math.round(number("count")),
    balance: given.get("balance"),
    tolerance: number("tolerance") / 100,
    seed: Math.round(number("seed")),
    time: number("time"),
    objective: given.get("objective"),
    minimum: known("minimum"),
    maximum: known("maximum"),
    keep,
    disruption: keep === null || move === null ? null : move / 100,
  };
}

/** @param {number} id @param {number} since */
async function follow(id, since) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const state = await getJson(`/api/v1/jobs/${id}`, { quiet: true });
    if (state.state === "done") {
      location.assign(`/territories/${state.result.plan_id}`);
      return;
    }
    if (state.state === "failed") throw new Error(state.message);
    if (state.state === "cancelled") {
      running(false);
      return;
    }
    progress(state, since);
  }
}

/** How far the best plan so far can be from the best possible. @param {string | null} message */
function proven(message) {
  if (!message?.startsWith("{")) return "";
  const { best, bound } = JSON.parse(message);
  return bound ? t("at most {gap} could be better", { gap: formatShare(Math.max(0, 1 - bound / best)) }) : "";
}

/** @param {{state: string, done: number, message: string | null}} state @param {number} since */
function progress(state, since) {
  const waiting = state.state === "waiting";
  const late = waiting && Date.now() - since > PATIENCE_MS;
  byId("running-words").textContent = late
    ? t("No worker takes this up. Start one with: geocrm worker")
    : waiting
      ? t("Waiting for a worker …")
      : [t("Designing … {share} %", { share: state.done }), proven(state.message)].filter(Boolean).join(" · ");
  byId("progress").setAttribute("aria-valuenow", String(state.done));
  byId("progress-fill").style.width = `${state.done}%`;
}

/** @param {boolean} on */
function running(on) {
  byId("running").hidden = !on;
  start.disabled = on;
}

/** @param {string} sentence */
function refuse(sentence) {
  const box = sentence
    ? [el("div", { class: "notice notice-bad" }, icon("alert-circle"), el("div", { class: "grow" }, sentence))]
    : [];
  byId("refused").replaceChildren(...box);
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
