// @ts-check
/** The editor of one condition: an operation, and a value in the way that fits the field. */
import { el } from "../lib/dom.js";
import { formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { createChoices } from "./map_filter_choices.js";
import { createPlace } from "./map_filter_place.js";

/** @typedef {import("./map_filter_words.js").Field} Field */
/** @typedef {import("./map_filter_tree.js").Leaf} Leaf */

const DAYS = [30, 90, 180, 365];
let last = 0;

/**
 * Operations as people choose them: a range stands for from, up to and both; empty for two.
 * @param {Field} field @param {Leaf | null} leaf @returns {Array<[string, string]>}
 */
function modesOf(field, leaf) {
  const ops = new Map(field.operations.map((each) => [each.op, each.label]));
  const label = (/** @type {string} */ op) => ops.get(op) ?? op;
  const empty = /** @type {Array<[string, string]>} */ (
    !ops.has("empty") ? [] : field.kind === "date" ? [["empty", t("never")], ["filled", t("at any time")]] : [["empty", t("is empty")], ["filled", t("is not empty")]]
  );
  const some = (/** @type {string[]} */ names) => names.filter((op) => ops.has(op)).map((op) => /** @type {[string, string]} */ ([op, label(op)]));
  const offered = {
    date: () => [...some(["within_days", "not_within_days"]), ["range", label("between")], ...empty],
    money: () => [["range", label("between")], ...empty],
    number: () => [["range", label("between")], ...empty],
    yes_no: () => some(["eq"]),
    place: () => some(["near", "in_area", "not_near", "not_in_area"]),
    id: () => some(["in", "not_in"]),
    text: () => [...some(ops.has("contains") ? ["contains", "not_contains", "starts", "eq"] : ["starts", "in", "not_in"]), ...empty],
    choice: () => [...some(["in", "not_in", "all", "at_least", "starts"]), ...empty],
  }[field.kind] ?? (() => some([...ops.keys()]));
  const modes = /** @type {Array<[string, string]>} */ (offered());
  const mode = leaf && modeOf(leaf);
  // One that came in an address stays what it is.
  if (mode && !modes.some(([name]) => name === mode)) modes.push([mode, label(leaf.op)]);
  return modes;
}

/** @param {Leaf} leaf */
function modeOf(leaf) {
  if (leaf.op === "empty") return leaf.value ? "empty" : "filled";
  return ["gte", "lte", "between"].includes(leaf.op) ? "range" : leaf.op;
}

/**
 * @param {Field} field @param {Leaf | null} leaf
 * @param {{words: any, view?: () => any, onInput: (leaf: Leaf | null) => void}} options null: not yet a condition
 * @returns {{node: HTMLElement, focus: () => void}}
 */
export function createEditor(field, leaf, options) {
  const id = `filter-editor-${(last += 1)}`;
  const modes = modesOf(field, leaf);
  let mode = leaf ? modeOf(leaf) : modes[0][0];
  let now = leaf;
  const tell = (/** @type {string} */ op, /** @type {any} */ value) => {
    now = value === null || value === undefined ? null : { field: field.name, op, value };
    options.onInput(now);
  };
  const select = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select", "aria-label": t("How {field} is compared", { field: field.label }) }));
  for (const [value, words] of modes) select.append(el("option", { value, selected: value === mode }, words));
  select.hidden = modes.length < 2;
  const body = el("div", { class: "filter-value stack" });
  const draw = (/** @type {Leaf | null} */ shown) => body.replaceChildren(...valueOf(field, mode, shown, { ...options, id, tell }));
  select.addEventListener("change", () => {
    const kept = now && sameShape(modeOf(now), select.value) ? { ...now, op: select.value } : null;
    mode = select.value;
    // What was asked before no longer holds, even while the new value is still to be typed.
    if (!kept) tell("", null);
    draw(kept);
  });
  draw(leaf);
  const focus = () => {
    const fields = /** @type {HTMLElement[]} */ ([...body.querySelectorAll("input, select, button")]);
    (fields.find((each) => each.offsetParent) ?? select).focus();
  };
  return { node: el("div", { class: "filter-editor stack", role: "group", "aria-label": field.label }, select, body), focus };
}

/** Whether a value may be kept when the operation changes, as from "is one of" to "is none of". @param {string} one @param {string} other */
function sameShape(one, other) {
  const shape = (/** @type {string} */ mode) => {
    if (/within_days|near|in_area/.test(mode)) return mode.replace("not_", "");
    if (["in", "not_in", "all"].includes(mode)) return "list";
    return ["contains", "not_contains", "starts", "eq", "ne"].includes(mode) ? "text" : mode;
  };
  return shape(one) === shape(other);
}

/**
 * @param {Field} field @param {string} mode @param {any} leaf
 * @param {{id: string, words: any, view?: () => any, tell: (op: string, value: any) => void}} options
 * @returns {Node[]}
 */
function valueOf(field, mode, leaf, options) {
  const { tell } = options;
  if (mode === "empty" || mode === "filled") {
    tell("empty", mode === "empty");
    return [];
  }
  if (leaf) tell(leaf.op === "between" || mode === "range" ? leaf.op : mode, leaf.value);
  if (field.kind === "yes_no") return [yesNo(leaf, options)];
  if (mode.endsWith("within_days")) return days(mode, leaf, options);
  if (mode === "range") return [range(field, leaf, options)];
  if (field.kind === "place") return createPlace(mode, leaf, options);
  if (field.kind === "choice" && mode !== "starts") return [createChoices(field, mode, leaf, options)];
  return [plain(field, mode, leaf, options)];
}

/** @param {Leaf | null} leaf @param {{id: string, tell: (op: string, value: any) => void}} options */
function yesNo(leaf, { id, tell }) {
  const choice = (/** @type {boolean} */ value, /** @type {string} */ words) => {
    const input = el("input", { type: "radio", name: id, id: `${id}-${value}`, checked: leaf?.value === value, onchange: () => tell("eq", value) });
    return [input, el("label", { for: `${id}-${value}` }, words)];
  };
  return el("div", { class: "segmented", role: "radiogroup" }, ...choice(true, t("Yes")), ...choice(false, t("No")));
}

/** @param {string} mode @param {Leaf | null} leaf @param {{id: string, tell: (op: string, value: any) => void}} options */
function days(mode, leaf, { id, tell }) {
  const input = /** @type {HTMLInputElement} */ (
    el("input", { class: "form-control", id, type: "number", min: 0, max: 36_500, step: 1, inputmode: "numeric", value: leaf?.value ?? "" })
  );
  const read = () => tell(mode, input.value !== "" && input.checkValidity() ? Number(input.value) : null);
  const buttons = DAYS.map((count) =>
    el("button", {
      class: "btn btn-small", type: "button", "aria-pressed": String(leaf?.value === count),
      onclick: () => { input.value = String(count); mark(); read(); },
    }, formatNumber(count)),
  );
  const mark = () => buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(Number(input.value) === DAYS[at])));
  input.addEventListener("input", () => { mark(); read(); });
  return [
    el("div", { class: "row-line filter-days" }, ...buttons),
    el("div", { class: "row-line" }, input, el("label", { for: id }, t("days"))),
  ];
}

/** From, up to, or both. @param {Field} field @param {Leaf | null} leaf @param {{tell: (op: string, value: any) => void}} options */
function range(field, leaf, { tell }) {
  const dates = field.kind === "date";
  const [low, high] = !leaf ? [null, null] : leaf.op === "between" ? leaf.value : leaf.op === "gte" ? [leaf.value, null] : [null, leaf.value];
  const make = (/** @type {any} */ value, /** @type {string} */ words, /** @type {string} */ placeholder) =>
    /** @type {HTMLInputElement} */ (el("input", { class: "form-control", type: dates ? "date" : "number", step: dates ? null : "any", inputmode: dates ? null : "decimal", "aria-label": words, placeholder, value }));
  const from = make(low, t("{field} from", { field: field.label }), t("from"));
  const to = make(high, t("{field} up to", { field: field.label }), t("up to"));
  const valueIn = (/** @type {HTMLInputElement} */ input) => (input.value === "" ? null : dates ? input.value : Number(input.value));
  const read = () => {
    const [first, second] = [valueIn(from), valueIn(to)];
    if (first !== null && second !== null) tell("between", [first, second]);
    else if (first !== null) tell("gte", first);
    else tell("lte", second);
  };
  for (const input of [from, to]) input.addEventListener("input", read);
  return el("div", { class: "map-range filter-range" }, from, el("span", { "aria-hidden": "true" }, "–"), to);
}

/** One text, or several numbers. @param {Field} field @param {string} mode @param {Leaf | null} leaf @param {{tell: (op: string, value: any) => void}} options */
function plain(field, mode, leaf, { tell }) {
  const asked = field.operations.find((each) => each.op === mode)?.value;
  const many = asked === "list";
  const amounts = ["number", "money", "id"].includes(field.kind);
  const type = field.kind === "date" ? "date" : amounts && !many ? "number" : "text";
  const shown = Array.isArray(leaf?.value) ? leaf?.value.join(", ") : leaf?.value;
  const input = /** @type {HTMLInputElement} */ (
    el("input", { class: "form-control", type, step: "any", maxlength: many ? 4000 : 200, "aria-label": field.label, value: shown ?? "", placeholder: many ? t("several with commas between") : null })
  );
  input.addEventListener("input", () => {
    const words = input.value.trim();
    if (!words) return tell(mode, null);
    if (!many) return tell(mode, amounts ? Number(words) : words);
    const parts = words.split(",").map((part) => part.trim()).filter(Boolean);
    const values = amounts ? parts.map(Number).filter((one) => Number.isInteger(one) && one > 0) : parts;
    tell(mode, values.length ? values : null);
  });
  return input;
}
