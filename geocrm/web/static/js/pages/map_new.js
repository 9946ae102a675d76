// @ts-check
/**
 * A new customer where somebody points: the button, then a click; a right click; or a long press.
 * The last two only offer it, as they happen by mistake too.
 */
import { openPopup } from "../lib/basemap.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const PRESS_MS = 550;
const STILL_PX = 8; // a finger that rests moves by so much

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** Whether the next click says where the new customer is. */
let choosing = false;
/** The offer that is open. @type {any} */
let offered = null;

/** True while a click on the map belongs to the new customer, not to what it hits. */
export const isChoosingPlace = () => choosing;

/**
 * @param {any} map
 * @param {HTMLElement | null} button null for who may not add customers
 * @param {((lonLat: [number, number]) => void) | null} near lists who is around a place
 */
export function bindNewCustomer(map, button, near) {
  const run = (/** @type {any} */ lngLat) => offer(map, lngLat, button !== null, near);
  if (button || near) {
    map.on("contextmenu", (/** @type {any} */ event) => run(event.lngLat));
    bindLongPress(map, run);
  }
  if (!button) return;
  const choose = (/** @type {boolean} */ on) => {
    choosing = on;
    button.setAttribute("aria-pressed", String(on));
    map.getCanvas().style.cursor = on ? "crosshair" : "";
    const hint = byId("new-customer-hint");
    hint.hidden = !on;
    if (matchMedia("(pointer: coarse)").matches) hint.textContent = t("Tap the map where the customer is.");
    // Who has no customers yet is welcomed in the middle of the map, where they may want to click.
    if (on) byId("welcome").hidden = true;
  };
  button.addEventListener("click", () => choose(!choosing));
  button.removeAttribute("disabled");
  document.addEventListener("keydown", (event) => choosing && event.key === "Escape" && choose(false));
  map.on("click", (/** @type {any} */ event) => choosing && location.assign(addressOf(event.lngLat)));
}

/** The link to the form of a customer at a place. @param {{lng: number, lat: number}} lngLat */
export function newCustomerLink(lngLat) {
  return el("a", { class: "btn btn-primary", href: addressOf(lngLat) }, icon("map-pin-plus"), t("New customer here"));
}

/** @param {{lng: number, lat: number}} lngLat @param {(lonLat: [number, number]) => void} near */
export function nearHereButton({ lng, lat }, near) {
  return el("button", { class: "btn", type: "button", onclick: () => near([wrapped(lng), lat]) }, icon("current-location"), t("Near here"));
}

/**
 * Until anything else is pressed; the end of a long press, which counts as a click, is none.
 * @param {any} map @param {{lng: number, lat: number}} lngLat @param {boolean} mayAdd @param {((lonLat: [number, number]) => void) | null} near
 */
function offer(map, lngLat, mayAdd, near) {
  offered?.remove();
  const around = near && ((/** @type {[number, number]} */ lonLat) => (offered?.remove(), near(lonLat)));
  const content = el("div", { class: "map-offer" }, mayAdd ? newCustomerLink(lngLat) : null, around ? nearHereButton(lngLat, around) : null);
  offered = openPopup(map, [lngLat.lng, lngLat.lat], content, { offset: 4, closeOnClick: false, closeButton: false });
  closeByPressElsewhere(offered);
}

/** @param {any} popup */
function closeByPressElsewhere(popup) {
  const element = popup.getElement();
  const pressed = (/** @type {PointerEvent} */ event) => {
    if (!element.contains(/** @type {Node} */ (event.target))) popup.remove();
  };
  document.addEventListener("pointerdown", pressed, { capture: true });
  popup.once("close", () => document.removeEventListener("pointerdown", pressed, { capture: true }));
}

/** @param {{lng: number, lat: number}} lngLat */
function addressOf({ lng, lat }) {
  return `/accounts/new?lon=${wrapped(lng).toFixed(6)}&lat=${lat.toFixed(6)}`;
}

/** @param {number} lng */
const wrapped = (lng) => ((((lng + 180) % 360) + 360) % 360) - 180;

/** Not every phone turns a long press into a context menu. @param {any} map @param {(lngLat: any) => void} run */
function bindLongPress(map, run) {
  let timer = 0;
  /** @type {any} */
  let start = null;
  const stop = () => clearTimeout(timer);
  map.on("touchstart", (/** @type {any} */ event) => {
    stop();
    if (event.points.length !== 1) return;
    start = event.point;
    timer = window.setTimeout(() => run(event.lngLat), PRESS_MS);
  });
  map.on("touchmove", (/** @type {any} */ event) => {
    if (event.points.length !== 1 || event.point.dist(start) > STILL_PX) stop();
  });
  for (const end of ["touchend", "touchcancel", "movestart", "contextmenu"]) map.on(end, stop);
}
