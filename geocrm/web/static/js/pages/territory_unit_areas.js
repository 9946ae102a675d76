// @ts-check
/** Areas by name or code: suggestions while one types, and the units to split as a list. */
import { getJson } from "../lib/api.js";
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

const WAIT_MS = 200;
const SHORTEST = 2;
const CODE = /^[a-z]{3}-adm\d:\S+$/;

/** @typedef {{value: string, label: string}} Area */

/** @param {HTMLFormElement} form @param {HTMLElement} list of what is chosen to be split */
export function bindAreas(form, list) {
  const offered = /** @type {HTMLDataListElement} */ (document.getElementById("areas"));
  const within = /** @type {HTMLInputElement} */ (form.elements.namedItem("within"));
  const split = /** @type {HTMLInputElement} */ (form.elements.namedItem("split"));
  /** @type {Map<string, string>} */
  const chosen = new Map();
  for (const field of [within, split]) field.addEventListener("input", () => later(field));
  split.addEventListener("change", take);

  let timer = 0;
  /** @param {HTMLInputElement} field */
  function later(field) {
    clearTimeout(timer);
    timer = window.setTimeout(async () => {
      const words = field.value.trim();
      if (words.length < SHORTEST || CODE.test(words)) return;
      const found = await areasCalled(words);
      offered.replaceChildren(...found.map((area) => el("option", { value: area.value }, area.label)));
    }, WAIT_MS);
  }

  /** Put what is typed on the list. */
  async function take() {
    const words = split.value.trim();
    if (!words) return;
    const area = await meant(words);
    chosen.set(area.value, area.label);
    split.value = "";
    draw();
  }

  function draw() {
    list.replaceChildren(
      ...[...chosen].map(([code, name]) => {
        const remove = el("button", { type: "button", "aria-label": t("Remove {name}", { name }) }, icon("x"));
        remove.addEventListener("click", () => {
          chosen.delete(code);
          draw();
        });
        return el("span", { class: "chip" }, name, remove);
      }),
    );
  }

  return {
    take,
    chosen: () => [...chosen.keys()],
    /** The code of the area in the field; empty when nothing is typed. */
    async within() {
      const words = within.value.trim();
      return words ? (await meant(words)).value : "";
    },
  };
}

/** @param {string} words @returns {Promise<Area[]>} */
async function areasCalled(words) {
  const answer = await getJson(`/api/v1/filters/fields/unit/choices?q=${encodeURIComponent(words)}`, { quiet: true });
  return answer.items;
}

/** The one area that words mean. @param {string} words @returns {Promise<Area>} */
async function meant(words) {
  if (CODE.test(words)) return { value: words, label: words };
  const found = (await areasCalled(words)).filter((area) => area.label.toLowerCase() === words.toLowerCase());
  if (found.length === 1) return found[0];
  throw new Error(
    found.length
      ? t("Several areas are called {name}: choose one of the suggestions.", { name: words })
      : t("No area is called {name}: choose one of the suggestions.", { name: words }),
  );
}
