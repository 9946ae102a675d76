// @ts-check
/** The page of an import: follows its job and loads itself anew when that has ended. */
import { getJson } from "../lib/api.js";
import { formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const EVERY_MS = 1000;

/** @param {HTMLElement} place */
async function follow(place) {
  const words = place.querySelector("[data-job-words]");
  const line = /** @type {HTMLElement | null} */ (place.querySelector(".progress-line > span"));
  const bar = place.querySelector('[role="progressbar"]');
  const job = await getJson(`/api/v1/jobs/${place.dataset.job}`, { quiet: true }).catch(() => null);
  if (job && ["done", "failed", "cancelled"].includes(job.state)) {
    location.reload();
    return;
  }
  if (job && job.state === "running" && job.total) {
    const share = job.done / job.total;
    if (line) line.style.width = `${100 * share}%`;
    bar?.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    if (words) words.textContent = t("{done} of {total} rows", { done: formatNumber(job.done), total: formatNumber(job.total) });
  }
  setTimeout(() => follow(place), EVERY_MS);
}

for (const place of document.querySelectorAll("[data-job]")) {
  const state = /** @type {HTMLElement} */ (place).dataset.state;
  if (state === "waiting" || state === "running") follow(/** @type {HTMLElement} */ (place));
}
