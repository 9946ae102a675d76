// @ts-check
/** What a design makes small, and the file of travel times it goes by. */
import { ApiError, getJson, postJson } from "../lib/api.js";
import { t, tn } from "../lib/i18n.js";
import { notice } from "./territory_design_run.js";

/**
 * @typedef {{id: number, file: string, level: string, pairs: {known: number, pieced: number, straight: number}}} Times
 * @typedef {{id: number, file: string, level: string}} Earlier
 */

const API = "/api/v1/territories/designs/times";

/**
 * @param {{choice: HTMLSelectElement, part: HTMLElement, file: HTMLInputElement, speed: HTMLInputElement, words: HTMLElement, refused: HTMLElement}} place
 * @param {() => {level: string, within: string | null}} ground
 * @param {{times: Earlier | null, lost: string | null}} begin the times of the plan this is like, or the name of their file when they are not kept
 * @param {() => void} onChange
 */
export function bindTimes({ choice, part, file, speed, words, refused }, ground, begin, onChange) {
  /** @type {Earlier | null} */
  let given = begin.times;
  /** What they tell of the ground as it is. @type {Times | null} */
  let told = null;
  let reading = false;
  let asked = 0;

  choice.addEventListener("change", () => void (on() && !told ? look() : show()));
  speed.addEventListener("input", show);
  // A browser tells of the same name chosen once more only when it was forgotten: it was mended meanwhile.
  file.addEventListener("click", () => {
    if (refused.childElementCount) file.value = "";
  });
  file.addEventListener("change", () => {
    given = null;
    void look();
  });
  show();

  function on() {
    return choice.value === "times";
  }

  /** Read the file for the ground, or ask what is known of it. */
  async function look() {
    const mine = ++asked;
    const place = ground();
    const chosen = file.files?.[0];
    const fits = given?.level === place.level;
    told = null;
    refused.replaceChildren();
    reading = on() && (fits || Boolean(chosen));
    show();
    if (!reading) return;
    try {
      const found = fits ? await getJson(`${API}/${given?.id}`, { query: place, quiet: true }) : await postJson(API, upload(place, /** @type {File} */ (chosen)), { quiet: true });
      if (mine === asked) given = told = found;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === asked) refused.replaceChildren(notice("bad", error.message));
    } finally {
      if (mine === asked) reading = false;
    }
    if (mine === asked) show();
  }

  function show() {
    part.hidden = !on();
    // A field that nobody sees must not hold the form back.
    speed.disabled = !on();
    words.textContent = sentence();
    onChange();
  }

  function sentence() {
    if (reading) return t("Reading the file …");
    if (told) return understood(told, speed.value || speed.defaultValue);
    if (refused.childElementCount) return "";
    if (given && given.level !== ground().level) return t("{file} is of other units: choose a file for these.", { file: given.file });
    if (begin.lost && !file.files?.length) return t("The plan it is like went by {file}, which is not kept here: choose that file again.", { file: begin.lost });
    return t("The design waits for the file.");
  }

  return {
    look,
    /** Whether there is all that the choice needs. */
    get ready() {
      return !on() || told !== null;
    },
    /** The objective, and what it is measured with. */
    wish: () => (on() ? { objective: "travel", times: told?.id ?? null, speed: speed.value === "" ? null : Number(speed.value) } : { objective: choice.value }),
  };
}

/** @param {{level: string, within: string | null}} place @param {File} file */
function upload({ level, within }, file) {
  const form = new FormData();
  form.set("level", level);
  form.set("within", within ?? "");
  form.set("file", file);
  return form;
}

/** @param {Times} times @param {string} speed */
function understood({ file, pairs: { known, pieced, straight } }, speed) {
  const said = [tn("{file} gives the minutes of {n} pair of units.", "{file} gives the minutes of {n} pairs of units.", { file, n: known })];
  if (pieced) said.push(tn("{n} more goes the shortest way over those.", "{n} more go the shortest way over those.", { n: pieced }));
  if (straight) said.push(tn("{n} that no way joins is a straight line at {speed} km/h.", "{n} that no way joins are straight lines at {speed} km/h.", { n: straight, speed }));
  return said.join(" ");
}
