// @ts-check
/**
 * Words in the person's language. English is the key; the page carries the translations as
 * <script type="application/json" id="messages">{"English": "Indonesian", "one": ["one", "many"]}.
 * `pybabel extract` finds t("...") and tn("...", "...").
 */

/** Locale of the page, such as "en-GB" or "id-ID". */
export const locale = document.documentElement.lang || "en-GB";

/** Language of the page without its region: "en" or "id". */
export const language = locale.split("-")[0];

const counted = new Intl.NumberFormat(locale);

/** @type {Record<string, string | string[]>} */
const messages = readMessages();

/**
 * The text in the person's language, with {name} replaced by values.
 * @param {string} text
 * @param {Record<string, unknown>} [values]
 * @returns {string}
 */
export function t(text, values) {
  const found = messages[text];
  const words = (Array.isArray(found) ? found[0] : found) || text;
  return fill(words, values);
}

/**
 * One or many, by `values.n`: tn("{n} customer", "{n} customers", {n: 3}).
 * @param {string} one
 * @param {string} many
 * @param {{n: number} & Record<string, unknown>} values
 * @returns {string}
 */
export function tn(one, many, values) {
  const found = messages[one];
  const forms = Array.isArray(found) ? found : found ? [found] : [one, many];
  const index = forms.length > 1 && values.n !== 1 ? 1 : 0;
  return fill(forms[index] || many, { ...values, n: counted.format(values.n) });
}

/** @param {string} words @param {Record<string, unknown>} [values] */
function fill(words, values) {
  if (!values) return words;
  return words.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
}

function readMessages() {
  const element = document.getElementById("messages");
  return element?.textContent ? JSON.parse(element.textContent) : {};
}
