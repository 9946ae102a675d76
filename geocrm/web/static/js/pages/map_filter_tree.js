// @ts-check
/** Trees of the filter language, read and changed without touching the one that is given. */

/** @typedef {{field: string, op: string, value: any}} Leaf */
/** @typedef {any} Tree a leaf, {and: [...]}, {or: [...]} or {not: ...} */

/** @param {any} node @returns {node is Leaf} */
export const isLeaf = (node) => Boolean(node && typeof node === "object" && "field" in node);

/** The conditions that must all hold. @param {Tree | null} tree @returns {Tree[]} */
export function partsOf(tree) {
  if (!tree) return [];
  return Array.isArray(tree.and) ? tree.and : [tree];
}

/** @param {Tree[]} parts @returns {Tree | null} null for everybody */
export function treeOf(parts) {
  const kept = parts.filter(Boolean);
  if (!kept.length) return null;
  return kept.length === 1 ? kept[0] : { and: kept };
}

/** The tree with another part at a place; null takes it away, a place beyond the last adds. @param {Tree | null} tree @param {number} at @param {Tree | null} part */
export function withPart(tree, at, part) {
  const parts = [...partsOf(tree)];
  parts.splice(at, 1, ...(part ? [part] : []));
  return treeOf(parts);
}

/** Where the condition on a field stands that meets all of the others; -1 when there is none. @param {Tree | null} tree @param {string} field */
export function findField(tree, field) {
  return partsOf(tree).findIndex((part) => fieldOf(part) === field);
}

/** The one field that a part asks for, as in `segment is A, or there is none`; null for others. @param {Tree} part @returns {string | null} */
function fieldOf(part) {
  if (isLeaf(part)) return part.field;
  if (!Array.isArray(part?.or) || !part.or.length) return null;
  const fields = part.or.map(fieldOf);
  return fields.every((/** @type {string | null} */ each) => each === fields[0]) ? fields[0] : null;
}

/** How many conditions there are. @param {Tree | null} tree @returns {number} */
export function countLeaves(tree) {
  if (!tree) return 0;
  if (isLeaf(tree)) return 1;
  if (tree.not) return countLeaves(tree.not);
  return (tree.and ?? tree.or ?? []).reduce((/** @type {number} */ sum, /** @type {Tree} */ part) => sum + countLeaves(part), 0);
}
