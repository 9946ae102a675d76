// @ts-check
/** Groups of customers: by what they may be made, their names and colours. */
import { getJson } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { formatMonth } from "../lib/format.js";
import { UNASSIGNED_COLOUR } from "../lib/palette.js";
import { gradeColour, gradeRank, ownerColour, SPANS, segmentColours, spanColour, territoryColours } from "./map_colours.js";
import { gradeWords } from "./map_record.js";

/** @typedef {{value: any, label: string | null, count: number, revenue: number | null, part: any}} Group */

/** The field of the filter language that a grouping is about. @type {Record<string, string>} */
const FIELDS = { segment: "segment", territory: "territory", owner: "owner", grade: "grade", recency: "last_order", visited: "last_visit", month: "last_order" };

/** @param {string} by */
export const fieldOfGroup = (by) => FIELDS[by] ?? "unit";

/** What one may group by. @param {any} page @returns {Array<[string, string]>} value and words */
export function groupings(page) {
  return [
    ["segment", t("Segment")],
    ["territory", t("Territory")],
    ...(page.individuals ? [/** @type {[string, string]} */ (["owner", t("Owner")])] : []),
    ["recency", t("Time since the last order")],
    ["visited", t("Time since the last visit")],
  ];
}

/** More for charts, which need no room for cards. @param {any} page @returns {Array<[string, string]>} */
export function chartGroupings(page) {
  return [
    ...groupings(page),
    ["month", t("Month of the last order")],
    ["grade", t("Exactness")],
    ...page.layers.map((/** @type {any} */ layer) => /** @type {[string, string]} */ ([`unit:${layer.code}`, layer.name])),
  ];
}

/** @param {string} by @param {string} filter @param {AbortSignal} [signal] @returns {Promise<Group[]>} */
export async function fetchGroups(by, filter, signal) {
  const answer = await getJson("/api/v1/accounts/groups", { query: { by, filter }, signal });
  return answer.items;
}

/**
 * Groups in the order in which people read them; every segment has its place, also an empty one.
 * @param {string} by @param {Group[]} found @param {any} page @returns {Group[]}
 */
export function ordered(by, found, page) {
  const known = new Map(found.map((one) => [one.value, one]));
  if (by === "segment") {
    const named = page.segments.map((/** @type {string} */ value) => known.get(value) ?? emptyGroup({ field: "segment", op: "in", value: [value] }, value));
    const others = found.filter((one) => !page.segments.includes(one.value) && one.value !== null);
    return [...named, ...others, known.get(null) ?? emptyGroup({ field: "segment", op: "empty", value: true }, null)];
  }
  if (by === "recency" || by === "visited") return SPANS.flatMap((value) => known.get(value) ?? []);
  if (by === "grade") return [...found].sort((a, b) => gradeRank(a.value) - gradeRank(b.value));
  if (by === "month") return [...found].sort((a, b) => (b.value ?? "").localeCompare(a.value ?? ""));
  return [...found].sort((a, b) => Number(a.value === null) - Number(b.value === null) || b.count - a.count);
}

/** @param {any} part @param {any} value @returns {Group} */
function emptyGroup(part, value) {
  return { value, label: null, count: 0, revenue: 0, part };
}

/** @param {string} by @param {Group} group @returns {string} */
export function groupWords(by, group) {
  const { value, label } = group;
  if (by === "segment") return value === null ? t("No segment") : t("Segment {name}", { name: value });
  if (by === "territory") return value === null ? t("In no territory") : label ?? t("Territory {id}", { id: value });
  if (by === "grade") return gradeWords(value);
  if (by === "recency") return spanWords(value, t("Never ordered"));
  if (by === "visited") return spanWords(value, t("Never visited"));
  if (by === "month") return value === null ? t("Never ordered") : formatMonth(value);
  return value === null ? t("In none of these areas") : label ?? String(value);
}

/** @param {string} span @param {string} never */
function spanWords(span, never) {
  const words = /** @type {Record<string, () => string>} */ ({
    30: () => t("In the last 30 days"),
    90: () => t("31 to 90 days ago"),
    180: () => t("91 to 180 days ago"),
    365: () => t("181 to 365 days ago"),
    older: () => t("More than a year ago"),
    never: () => never,
  });
  return words[span]?.() ?? span;
}

/** @param {string} by @param {any} page @returns {(group: Group) => string} */
export function groupColours(by, page) {
  const [segments, territories] = [segmentColours(page.segments), territoryColours(page.territories)];
  return (group) => {
    if (group.value === null) return UNASSIGNED_COLOUR;
    if (by === "segment") return segments.get(group.value) ?? UNASSIGNED_COLOUR;
    if (by === "territory") return territories.get(Number(group.value)) ?? UNASSIGNED_COLOUR;
    if (by === "owner") return ownerColour(Number(group.value));
    if (by === "recency" || by === "visited") return spanColour(group.value);
    if (by === "grade") return gradeColour(group.value);
    return "var(--accent)";
  };
}
