// @ts-check
/** "Plan my day": hours, where it starts and ends, and whom to visit. */
import { getJson } from "../lib/api.js";
import { el } from "../lib/dom.js";
import { formatDistance } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";

const WAIT_MS = 200;

/**
 * @param {HTMLFormElement} form
 * @param {any} setup
 * @param {(wanted: Record<string, unknown>) => Promise<void>} onPlan
 */
export function bindForm(form, setup, onPlan) {
  /** @type {Map<number, string>} */
  const ticked = new Map();
  /** @type {{lon: number, lat: number} | null} */
  let here = null;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const ticking = /** @type {HTMLElement} */ (document.getElementById("ticking"));
  const search = /** @type {HTMLInputElement} */ (document.getElementById("candidate-search"));
  const hint = /** @type {HTMLElement} */ (document.getElementById("here-hint"));

  startNow();
  form.addEventListener("change", (event) => {
    const name = /** @type {HTMLInputElement} */ (event.target).name;
    if (name === "whom") showTicking();
    if (name === "start" || name === "end") locate();
  });
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(list, WAIT_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (form.querySelector('[type="submit"]'));
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      await onPlan(wanted());
    } finally {
      button.disabled = false;
      form.removeAttribute("aria-busy");
    }
  });

  /** What is left of today begins now, not this morning. */
  function startNow() {
    if (setup.day !== setup.today) return;
    const now = new Intl.DateTimeFormat("en-GB", { timeZone: setup.timezone, hour: "2-digit", minute: "2-digit" }).format(new Date());
    if (now <= field("from").value || now >= "16:30") return;
    const minutes = Math.ceil((Number(now.slice(0, 2)) * 60 + Number(now.slice(3))) / 5) * 5;
    field("from").value = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  }

  function wanted() {
    const fields = new FormData(form);
    const place = (/** @type {string} */ name) => (fields.get(name) === "here" ? here : null);
    return {
      hours: `${fields.get("from")}-${fields.get("to")}`,
      visit_min: Number(fields.get("visit_min")),
      start: place("start"),
      end: place("end"),
      accounts: fields.get("whom") === "ticked" ? [...ticked.keys()].map((account) => ({ account })) : null,
      fill: fields.get("fill") !== null,
    };
  }

  /** Ask the telephone where it is, once somebody wants to start or end there. */
  function locate() {
    if (field("start").value !== "here" && field("end").value !== "here") {
      hint.hidden = true;
      return;
    }
    say(t("Looking where you are …"));
    if (!navigator.geolocation) return lost();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        here = { lon: coords.longitude, lat: coords.latitude };
        say(t("Found, to about {distance}.", { distance: formatDistance(coords.accuracy) }));
      },
      lost,
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    );
  }

  function lost() {
    for (const name of ["start", "end"]) field(name).value = "usual";
    say(t("Where you are could not be found: allow the location in the browser, or start as usual."));
  }

  /** @param {string} text */
  function say(text) {
    hint.hidden = false;
    hint.textContent = text;
  }

  function showTicking() {
    ticking.hidden = new FormData(form).get("whom") !== "ticked";
    if (!ticking.hidden) list();
  }

  async function list() {
    const mine = ++asked;
    const query = { rep: setup.rep.id, date: setup.day, q: search.value.trim(), limit: 60 };
    const found = await getJson("/api/v1/visits/candidates", { query });
    if (mine !== asked) return;
    const shown = new Set(found.items.map((/** @type {any} */ one) => one.account));
    const kept = search.value.trim() ? [] : [...ticked].filter(([account]) => !shown.has(account)).map(([account, name]) => ({ account, name, why: "", placed: true }));
    const rows = [...kept, ...found.items].map(row);
    document.getElementById("candidates")?.replaceChildren(...(rows.length ? rows : [el("li", { class: "muted small" }, t("No customer has this name."))]));
    count();
  }

  /** @param {any} one */
  function row(one) {
    const box = /** @type {HTMLInputElement} */ (
      el("input", { class: "form-check-input", type: "checkbox", checked: ticked.has(one.account), disabled: !one.placed, onchange: () => tick(one, box.checked) })
    );
    const detail = one.placed ? [one.why, one.distance_m ? formatDistance(one.distance_m) : null] : [t("No trustworthy place on the map")];
    return el(
      "li",
      {},
      el("label", { class: "form-check" }, box, el("span", { class: "form-check-label grow" }, one.name, el("span", { class: "hint d-block" }, detail.filter(Boolean).join(" · ")))),
    );
  }

  /** @param {any} one @param {boolean} on */
  function tick(one, on) {
    if (on) ticked.set(one.account, one.name);
    else ticked.delete(one.account);
    count();
  }

  function count() {
    const words = document.getElementById("ticked-count");
    if (words) words.textContent = tn("{n} customer ticked", "{n} customers ticked", { n: ticked.size });
  }
}
