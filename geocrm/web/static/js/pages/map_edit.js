// @ts-check
/** Changing a customer where it is listed: each change by version, each with a way back. */
import { ApiError, getJson, patchJson, putJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatDateTime } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

/**
 * @typedef {{segment?: string | null, tags?: string[], visits_per_year?: number | null, owner?: {id: number, name: string}}} Change
 */

/** @typedef {{version: number, changed_by: string | null, changed_at: string, fields: Record<string, any>}} Overtaken */

/**
 * Save a change of one customer. Null when it was refused; the person was told why.
 * @param {any} row of /api/v1/accounts @param {Change} change
 * @returns {Promise<any>} the row as it is now
 */
export async function saveChange(row, change) {
  try {
    const { owner, ...figures } = change;
    const answer = owner
      ? await putJson(`/api/v1/accounts/${row.id}/owner`, { owner_id: owner.id }, { quiet: true })
      : await patchJson(`/api/v1/accounts/${row.id}`, { version: row.version, ...figures }, { quiet: true });
    return { ...row, ...rowOf(answer, row) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const now = /** @type {Overtaken | undefined} */ (error.status === 409 ? error.problem.now : undefined);
    if (now) return overtaken(row, change, now);
    toast(error.message, "bad");
    return null;
  }
}

/**
 * Somebody was quicker. What they left as it was is saved beside their change; else the person
 * chooses between theirs and their own.
 * @param {any} row @param {Change} change @param {Overtaken} now
 * @returns {Promise<any>}
 */
async function overtaken(row, change, now) {
  const again = () => saveChange({ ...row, version: now.version }, change);
  const theirs = Object.entries(now.fields).filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(row[field]));
  if (!theirs.length) return again();
  const [field, value] = theirs[0];
  const words = t("{who} made {field} of {name} “{value}” ({when}).", {
    who: now.changed_by ?? t("Somebody else"), field: FIELD_WORDS[field] ?? field, name: row.name, value: valueWords(value), when: formatDateTime(now.changed_at),
  });
  return new Promise((resolve, reject) => {
    const keep = () => resolve(null);
    toast(words, "warn", {
      action: { words: t("Use mine"), run: () => again().then(resolve, reject) },
      other: { words: t("Keep theirs"), run: keep },
      onLeft: keep,
    });
  });
}

const FIELD_WORDS = /** @type {Record<string, string>} */ ({ segment: t("Segment"), tags: t("Tags"), visits_per_year: t("Visits a year") });

/** @param {any} value */
function valueWords(value) {
  return (Array.isArray(value) ? value.join(", ") : String(value ?? "")) || "–";
}

/** What somebody else made of a row meanwhile; null when it is gone. @param {any} row */
export async function reread(row) {
  const filter = JSON.stringify({ field: "id", op: "in", value: [row.id] });
  const answer = await getJson("/api/v1/accounts", { query: { filter, limit: 1 }, quiet: true }).catch(() => null);
  return answer?.items[0] ?? null;
}

/** The parts of a row that a change touches, from the customer as the server knows it now. @param {any} answer @param {any} row */
function rowOf(answer, row) {
  return {
    version: answer.version,
    segment: answer.segment,
    tags: answer.tags,
    visits_per_year: answer.visits_per_year,
    owner: answer.owner_id === row.owner.id ? row.owner : { id: answer.owner_id, name: answer.owner },
  };
}

/** What it was before, so that a change can be taken back. @param {any} row @param {Change} change @returns {Change} */
export function before(row, change) {
  return Object.fromEntries(Object.keys(change).map((field) => [field, row[field]]));
}

/**
 * Editors for Tabulator: native fields, as they work with every keyboard and screen reader.
 * @param {{segments: string[], owners: Array<{id: number, name: string}>}} page
 * @returns {Record<string, (cell: any, onRendered: (run: () => void) => void, success: (value: any) => void, cancel: () => void) => HTMLElement>}
 */
export function editors(page) {
  return {
    segment: (cell, onRendered, success, cancel) => {
      const choices = [["", t("No segment")], ...page.segments.map((one) => [one, one])];
      return select(t("Segment"), choices, cell.getValue() ?? "", onRendered, (value) => success(value || null), cancel);
    },
    owner: (cell, onRendered, success, cancel) => {
      const now = cell.getValue();
      const known = page.owners.some((one) => one.id === now.id) ? page.owners : [now, ...page.owners];
      const choices = known.map((one) => [String(one.id), one.name]);
      return select(t("Owner"), choices, String(now.id), onRendered, (value) => success(known.find((one) => String(one.id) === value)), cancel);
    },
    tags: (cell, onRendered, success, cancel) =>
      input(t("Tags, with commas between"), "text", cell.getValue().join(", "), onRendered, (text) => success(listed(text)), cancel),
    visits_per_year: (cell, onRendered, success, cancel) =>
      input(t("Visits a year"), "number", cell.getValue() ?? "", onRendered, (text) => success(text === "" ? null : Number(text)), cancel),
  };
}

/** @param {string} text */
function listed(text) {
  return [...new Set(text.split(",").map((one) => one.trim()).filter(Boolean))];
}

/** @param {string} label @param {string[][]} choices @param {string} value @param {any} onRendered @param {(value: string) => void} done @param {() => void} cancel */
function select(label, choices, value, onRendered, done, cancel) {
  const field = /** @type {HTMLSelectElement} */ (el("select", { class: "cell-field", "aria-label": label }));
  for (const [key, words] of choices) field.add(new Option(words, key, false, key === value));
  return finished(field, onRendered, done, cancel, "change");
}

/** @param {string} label @param {string} type @param {any} value @param {any} onRendered @param {(value: string) => void} done @param {() => void} cancel */
function input(label, type, value, onRendered, done, cancel) {
  const limits = type === "number" ? { min: 0, max: 366, step: 1 } : { maxlength: 500 };
  const field = /** @type {HTMLInputElement} */ (el("input", { class: "cell-field", type, value, "aria-label": label, ...limits }));
  return finished(field, onRendered, done, cancel, "blur");
}

/** @param {HTMLSelectElement | HTMLInputElement} field @param {any} onRendered @param {(value: string) => void} done @param {() => void} cancel @param {"change" | "blur"} ends */
function finished(field, onRendered, done, cancel, ends) {
  let over = false;
  const once = (/** @type {() => void} */ run) => {
    if (over) return;
    over = true;
    run();
  };
  const finish = () => once(() => done(field.value));
  onRendered(() => field.focus());
  field.addEventListener(ends, finish);
  if (ends === "change") field.addEventListener("blur", () => once(cancel));
  field.addEventListener("keydown", (/** @type {any} */ event) => {
    if (event.key === "Enter") finish();
    if (event.key === "Escape") {
      event.stopPropagation();
      once(cancel);
    }
  });
  return field;
}
