// @ts-check
/** The form of a customer: suggestions for its address, and for a new one the pin on a small map. */
import { bindPlaceSuggest, fillParts, setField } from "../lib/place_suggest.js";
import { bindPin } from "./account_pin.js";

const typed = /** @type {HTMLTextAreaElement} */ (document.getElementById("field-typed"));
const form = /** @type {HTMLFormElement} */ (typed.form);
const place = document.getElementById("form-map");
const known = /** @type {HTMLElement} */ (document.getElementById("address")).dataset;
const pin = place ? bindPin(place, form) : null;

bindPlaceSuggest(typed, {
  view: () => pin?.view() ?? (known.lon ? { lon: Number(known.lon), lat: Number(known.lat), zoom: 12 } : null),
  country: () => value("country"),
  onChoose: (found) => {
    typed.value = [found.label, found.detail].filter(Boolean).join(", ");
    fillParts(form, found.parts);
    if (found.parts.country) setField(form, "country", found.parts.country);
    pin?.look(found);
  },
});

/** @param {string} name */
function value(name) {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value.trim() : "";
}
