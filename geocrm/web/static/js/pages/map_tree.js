// @ts-check
/** Filters as trees of the server's language: the parts that all hold, and choices among one field's values. */

/** @typedef {any} Tree a filter of the server's language, or null for everybody */

/** The parts that all hold. @param {Tree} tree @returns {any[]} */
export function partsOf(tree) {
  if (!tree) return [];
  return Array.isArray(tree.and) ? tree.and : [tree];
}

/** @param {any[]} parts @returns {Tree} */
export function treeOf(parts) {
  return parts.length ? { and: parts } : null;
}

/** As the server takes it; "" for everybody. @param {Tree} tree */
export function textOf(tree) {
  return tree && partsOf(tree).length ? JSON.stringify(tree) : "";
}

/** The one field that a part is about, or null. @param {any} part @returns {string | null} */
export function fieldOf(part) {
  if (typeof part?.field === "string") return part.field;
  const below = part?.and ?? part?.or ?? (part?.not ? [part.not] : []);
  const fields = new Set(below.map(fieldOf));
  return fields.size === 1 ? [...fields][0] : null;
}

/** The tree without what is about a field alone. @param {Tree} tree @param {string} field @returns {Tree} */
export function without(tree, field) {
  return treeOf(partsOf(tree).filter((part) => fieldOf(part) !== field));
}

/** The tree with one more part. @param {Tree} tree @param {any} part @returns {Tree} */
export function withPart(tree, part) {
  return part ? treeOf([...partsOf(tree), part]) : tree;
}

/** The tree with this about the field, and nothing else about it. @param {Tree} tree @param {string} field @param {any} part */
export function replaced(tree, field, part) {
  return withPart(without(tree, field), part);
}

/**
 * What is chosen among the values of a field, each as the part that chooses it alone.
 * @param {Tree} tree @param {string} field @returns {any[]}
 */
export function choicesOf(tree, field) {
  const [part] = partsOf(tree).filter((one) => fieldOf(one) === field);
  if (!part) return [];
  return (part.or ?? [part]).flatMap((/** @type {any} */ one) =>
    one.op === "in" ? one.value.map((/** @type {any} */ value) => ({ field, op: "in", value: [value] })) : [one],
  );
}

/** Whether a part is among the choices. @param {any[]} choices @param {any} part */
export function isChosen(choices, part) {
  const text = JSON.stringify(part);
  return choices.some((one) => JSON.stringify(one) === text);
}

/** Choose a value of a field, or no more. @param {Tree} tree @param {string} field @param {any} part @returns {Tree} */
export function toggled(tree, field, part) {
  const before = choicesOf(tree, field);
  const text = JSON.stringify(part);
  const after = isChosen(before, part) ? before.filter((one) => JSON.stringify(one) !== text) : [...before, part];
  return replaced(tree, field, joined(after));
}

/** One part for several choices of one field. @param {any[]} choices */
export function joined(choices) {
  const lists = choices.filter((one) => one.op === "in");
  const others = choices.filter((one) => one.op !== "in");
  const list = lists.length ? [{ field: lists[0].field, op: "in", value: lists.flatMap((one) => one.value) }] : [];
  const parts = [...list, ...others];
  return parts.length > 1 ? { or: parts } : parts[0] ?? null;
}

/** Whether it asks for customers that the map cannot show. @param {Tree} tree */
export function asksForUnplaced(tree) {
  return partsOf(tree).some((one) => (one.field === "trustworthy" || one.field === "has_point") && one.value === false);
}
