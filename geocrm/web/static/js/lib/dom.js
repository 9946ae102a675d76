// @ts-check
/** Making elements without markup in strings, so that names stay text. */

const SVG = "http://www.w3.org/2000/svg";
// This module is at <static>/js/lib/dom.js; the sprite at <static>/vendor/icons.svg.
const SPRITE = new URL("../../vendor/icons.svg", import.meta.url).pathname;

/**
 * el("button", {class: "btn", type: "button", onclick: save}, icon("check"), t("Save"))
 * Attributes that are null, undefined or false are left out; functions become listeners.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | number | null | undefined)} children
 * @returns {HTMLElement}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.replace(/^on/, ""), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined) element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/**
 * An icon of the sprite; see scripts/icons.txt for the names.
 * @param {string} name
 * @param {string} [extra] more classes: "i-s", "i-l"
 * @returns {SVGSVGElement}
 */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `i ${extra}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** A square of colour for legends and bars. @param {string} colour */
export function swatch(colour) {
  const square = el("span", { class: "swatch", "aria-hidden": "true" });
  square.style.background = colour;
  return square;
}
