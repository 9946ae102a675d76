// @ts-check
/** A filter in words, and the names of the values in it. */
import { getJson } from "../lib/api.js";
import { formatDate, formatDistance, formatMoney, formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { isLeaf } from "./map_filter_tree.js";

/** @typedef {import("./map_filter_tree.js").Tree} Tree */
/** @typedef {import("./map_filter_tree.js").Leaf} Leaf */
/** @typedef {{name: string, label: string, group: string, kind: string, asks: boolean, operations: Array<{op: string, label: string, value: string}>, choices: Array<{value: any, label: string, count: number | null}>}} Field */

const MOST_NAMES = 3;

/**
 * @param {Field[]} fields
 * @param {Record<string, (id: any) => string | null | undefined>} names by field: what the page knows already
 */
export function createWords(fields, names) {
  const byName = new Map(fields.map((field) => [field.name, field]));
  /** @type {Map<string, string>} */
  const labels = new Map();
  const key = (/** @type {string} */ field, /** @type {any} */ value) => `${field} ${value}`;
  for (const field of fields) for (const choice of field.choices) labels.set(key(field.name, choice.value), choice.label);

  const learn = (/** @type {string} */ field, /** @type {any} */ value, /** @type {string} */ label) => labels.set(key(field, value), label);
  const nameOf = (/** @type {string} */ field, /** @type {any} */ value) => labels.get(key(field, value)) ?? names[field]?.(value) ?? String(value);

  /** Ask for the names that nobody here knows; true when there is something new to show. @param {Tree | null} tree */
  async function fetchNames(tree) {
    /** @type {Map<string, Set<string>>} */
    const missing = new Map();
    for (const leaf of leavesOf(tree)) {
      const field = leaf.field === "location" && !/in_area/.test(leaf.op) ? null : byName.get(leaf.field);
      if (!field || !(field.asks || field.kind === "place") || !["unit", "owner", "territory", "location", "import"].includes(field.name)) continue;
      for (const value of [leaf.value].flat()) {
        if (!["string", "number"].includes(typeof value) || labels.has(key(field.name, value)) || names[field.name]?.(value)) continue;
        missing.set(field.name, (missing.get(field.name) ?? new Set()).add(String(value)));
      }
    }
    for (const [field, values] of missing) {
      const query = { values: [...values].slice(0, 100).join(",") };
      const answer = await getJson(`/api/v1/filters/fields/${field}/choices`, { query, quiet: true }).catch(() => ({ items: [] }));
      for (const item of answer.items) learn(field, item.value, item.label);
    }
    return missing.size > 0;
  }

  /** @param {Tree} node @returns {string} */
  function words(node) {
    if (isLeaf(node)) return leafWords(node);
    if (node.not) return t("not ({filter})", { filter: words(node.not) });
    const parts = (node.and ?? node.or ?? []).map((/** @type {Tree} */ part) => (isLeaf(part) || part.not ? words(part) : `(${words(part)})`));
    if (!parts.length) return node.and ? t("everybody") : t("nobody");
    return parts.join(` ${node.and ? t("and") : t("or")} `);
  }

  /** @param {Leaf} leaf */
  function leafWords(leaf) {
    const field = byName.get(leaf.field);
    const name = field?.label ?? leaf.field;
    const { op, value } = leaf;
    if (op === "empty" && field?.kind === "date") return value ? t("{field}: never", { field: name }) : t("{field}: at any time", { field: name });
    if (op === "empty") return value ? t("{field}: none", { field: name }) : t("{field}: any", { field: name });
    if (op === "within_days") return t("{field}: in the last {n} days", { field: name, n: formatNumber(value) });
    if (op === "not_within_days") return t("{field}: not for {n} days", { field: name, n: formatNumber(value) });
    if (field?.kind === "place") return placeWords(op, value);
    if (typeof value === "boolean") return value ? t("{field}: yes", { field: name }) : t("{field}: no", { field: name });
    if (op === "contains") return t("{field} contains “{text}”", { field: name, text: value });
    if (op === "not_contains") return t("{field} without “{text}”", { field: name, text: value });
    if (op === "starts") return t("{field} starts with “{text}”", { field: name, text: value });
    return compared(field, name, op, value);
  }

  /** @param {Field | undefined} field @param {string} name @param {string} op @param {any} value */
  function compared(field, name, op, value) {
    const show = (/** @type {any} */ one) => {
      if (field?.kind === "money") return formatMoney(Number(one), { compact: true });
      if (field?.kind === "number") return formatNumber(Number(one));
      return field?.kind === "date" ? formatDate(one) : nameOf(leafName(field), one);
    };
    if (op === "between" && Array.isArray(value)) return t("{field}: {from} – {to}", { field: name, from: show(value[0]), to: show(value[1]) });
    const many = [value].flat();
    const listed = many.slice(0, MOST_NAMES).map(show).join(", ");
    const values = many.length > MOST_NAMES ? t("{names} and {n} more", { names: listed, n: many.length - MOST_NAMES }) : listed;
    const patterns = /** @type {Record<string, () => string>} */ ({
      gte: () => t("{field} from {value}", { field: name, value: values }),
      gt: () => t("{field} over {value}", { field: name, value: values }),
      lte: () => t("{field} up to {value}", { field: name, value: values }),
      lt: () => t("{field} under {value}", { field: name, value: values }),
      at_least: () => t("{field}: at least {value}", { field: name, value: values }),
      all: () => t("{field}: all of {value}", { field: name, value: values }),
      not_in: () => t("{field}: not {value}", { field: name, value: values }),
      ne: () => t("{field}: not {value}", { field: name, value: values }),
    });
    return patterns[op]?.() ?? `${name}: ${values}`;
  }

  /** @param {Field | undefined} field */
  const leafName = (field) => field?.name ?? "";

  /** @param {string} op @param {any} value */
  function placeWords(op, value) {
    if (op.endsWith("near")) {
      const radius = formatDistance(value.radius_m);
      const place = labels.get(key("place", `${value.lon},${value.lat}`)) ?? `${formatNumber(value.lat, 3)}, ${formatNumber(value.lon, 3)}`;
      return op === "near" ? t("Within {radius} of {place}", { radius, place }) : t("More than {radius} from {place}", { radius, place });
    }
    if (op.endsWith("in_area")) {
      const areas = value.map((/** @type {number} */ id) => labels.get(key("location", id)) ?? t("area {id}", { id })).join(", ");
      return op === "in_area" ? t("In {areas}", { areas }) : t("Outside {areas}", { areas });
    }
    return op === "within" ? t("In the drawn area") : t("Outside the drawn area");
  }

  return { words, learn, nameOf, fetchNames, field: (/** @type {string} */ name) => byName.get(name), fields };
}

/** @param {Tree | null} tree @returns {Leaf[]} */
function leavesOf(tree) {
  if (!tree) return [];
  if (isLeaf(tree)) return [tree];
  return (tree.and ?? tree.or ?? [tree.not]).flatMap(leavesOf);
}

/** How many there are, as an exact count of the API says it. @param {any} counted */
export function countWords(counted) {
  if (counted.count === null) return t("Fewer than ten customers");
  const words = tn("{n} customer", "{n} customers", { n: counted.count });
  return counted.rounded ? `≈ ${words}` : words;
}
