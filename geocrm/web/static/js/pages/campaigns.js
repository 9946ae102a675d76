// @ts-check
/** Regional campaigns: regions clicked, an area drawn or territories taken; who may be reached. */
import { createMap, fit, LABELS } from "../lib/basemap.js";
import { deleteJson, getJson, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { createDraw } from "../lib/draw.js";
import { el, icon } from "../lib/dom.js";
import { formatDateTime, formatNumber } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { token } from "../lib/theme.js";

const INDONESIA = /** @type {[number, number, number, number]} */ ([94.5, -11.2, 141.2, 6.3]);
const AUDIENCES = "/api/v1/audiences";
const SOURCE = "regions";

/** @type {Map<string, {kind: "unit" | "territory" | "area", name: string, value: any}>} */
const chosen = new Map();
let hovered = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asked = 0;
const form = /** @type {HTMLFormElement} */ (document.getElementById("choice"));
const layer = /** @type {HTMLSelectElement} */ (document.getElementById("layer"));
const drawButton = /** @type {HTMLButtonElement} */ (document.getElementById("draw"));

const map = await createMap(/** @type {HTMLElement} */ (document.getElementById("map")), {
  label: t("Map of regions to choose from"),
});
fit(map, INDONESIA, { duration: 0 });
const drawing = createDraw(map, {
  onFinish: (area) => choose("area", "area", t("Drawn area"), area),
  onStop: () => drawButton.setAttribute("aria-pressed", "false"),
});
showLayer();
count();

layer.addEventListener("change", showLayer);
form.addEventListener("input", countSoon);
form.addEventListener("submit", (event) => event.preventDefault());
drawButton.addEventListener("click", () => {
  drawing.start("lasso");
  drawButton.setAttribute("aria-pressed", "true");
});
document.getElementById("clear")?.addEventListener("click", () => [...chosen.keys()].forEach(drop));
document.getElementById("territory")?.addEventListener("change", (event) => {
  const select = /** @type {HTMLSelectElement} */ (event.target);
  const option = select.selectedOptions[0];
  if (option?.value) choose(`t${option.value}`, "territory", option.text, Number(option.value));
  select.value = "";
});
document.getElementById("save")?.addEventListener("submit", save);
document.getElementById("saved")?.addEventListener("click", removeSaved);

/** The regions of the chosen level, to be clicked. */
function showLayer() {
  for (const id of ["region-fill", "region-line", "region-name"]) {
    if (map.getLayer(id)) map.removeLayer(id);
  }
  if (map.getSource(SOURCE)) map.removeSource(SOURCE);
  map.addSource(SOURCE, {
    type: "vector",
    tiles: [`${location.origin}/tiles/boundaries/${layer.value}/{z}/{x}/{y}.mvt`],
    maxzoom: 12,
    promoteId: "code",
  });
  const part = { source: SOURCE, "source-layer": "boundaries" };
  const state = (/** @type {string} */ name) => ["boolean", ["feature-state", name], false];
  map.addLayer(
    {
      id: "region-fill",
      type: "fill",
      ...part,
      paint: {
        "fill-color": token("--accent"),
        "fill-opacity": ["case", state("chosen"), 0.42, state("hover"), 0.16, 0],
      },
    },
    map.getLayer(LABELS) ? LABELS : undefined,
  );
  map.addLayer(
    {
      id: "region-line",
      type: "line",
      ...part,
      paint: { "line-color": token("--accent"), "line-opacity": 0.5, "line-width": 0.7 },
    },
    map.getLayer(LABELS) ? LABELS : undefined,
  );
  for (const [key, one] of chosen) if (one.kind === "unit") mark(key, true);
}

map.on("mousemove", "region-fill", (/** @type {any} */ event) => hover(event.features[0].id));
map.on("mouseleave", "region-fill", () => hover(""));
map.on("click", "region-fill", (/** @type {any} */ event) => {
  if (drawing.isDrawing()) return;
  const { code, name } = event.features[0].properties;
  if (chosen.has(code)) drop(code);
  else choose(code, "unit", name, code);
});

/** @param {string} code */
function hover(code) {
  if (hovered) state(hovered, { hover: false });
  hovered = code;
  if (code) state(code, { hover: true });
  map.getCanvas().style.cursor = code && !drawing.isDrawing() ? "pointer" : "";
}

/** @param {string} code @param {Record<string, boolean>} values */
function state(code, values) {
  map.setFeatureState({ source: SOURCE, sourceLayer: "boundaries", id: code }, values);
}

/** @param {string} code @param {boolean} on */
function mark(code, on) {
  state(code, { chosen: on });
}

/** @param {string} key @param {"unit" | "territory" | "area"} kind @param {string} name @param {any} value */
function choose(key, kind, name, value) {
  chosen.set(key, { kind, name, value });
  if (kind === "unit") mark(key, true);
  refresh();
}

/** @param {string} key */
function drop(key) {
  const one = chosen.get(key);
  if (!one) return;
  chosen.delete(key);
  if (one.kind === "unit") mark(key, false);
  if (one.kind === "area") drawing.clear();
  refresh();
}

function refresh() {
  const chips = [...chosen].map(([key, one]) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          class: "chip",
          type: "button",
          "aria-label": t("Leave out {name}", { name: one.name }),
          onclick: () => drop(key),
        },
        one.name,
        icon("x", "i-s"),
      ),
    ),
  );
  document.getElementById("chosen")?.replaceChildren(...chips);
  const everywhere = document.getElementById("everywhere");
  if (everywhere) everywhere.hidden = chosen.size > 0;
  countSoon();
}

/** What the person chose, as the API takes it. */
function choice() {
  const fields = new FormData(form);
  const [side, days] = String(fields.get("recency") ?? "").split(":");
  const of = (/** @type {string} */ kind) =>
    [...chosen.values()].filter((one) => one.kind === kind).map((one) => one.value);
  return {
    units: of("unit"),
    territories: of("territory"),
    area: of("area")[0] ?? null,
    segments: fields.getAll("segments"),
    min_revenue: fields.get("min_revenue") ? Number(fields.get("min_revenue")) : null,
    ordered_within: side === "in" ? Number(days) : null,
    not_ordered_within: side === "out" ? Number(days) : null,
    channel: fields.get("channel"),
  };
}

function countSoon() {
  clearTimeout(timer);
  timer = setTimeout(count, 180);
}

async function count() {
  const mine = ++asked;
  const box = document.querySelector(".waterfall");
  box?.classList.add("is-counting");
  try {
    const found = await postJson(`${AUDIENCES}/count`, choice());
    if (mine === asked) show(found);
  } finally {
    if (mine === asked) box?.classList.remove("is-counting");
  }
}

/** @param {{matched: number | null, excluded: Record<string, number | null>, reachable: number | null, without_point: number | null}} found */
function show(found) {
  write("matched", few(found.matched));
  write("no_consent", few(found.excluded.no_consent));
  write("no_address", few(found.excluded.no_address));
  write("reachable", few(found.reachable));
  const note = document.getElementById("without-point");
  if (!note) return;
  note.hidden = found.without_point === 0;
  note.textContent = t("{n} of those who match have no trustworthy point on the map.", {
    n: few(found.without_point),
  });
}

/** @param {string} id @param {string} text */
function write(id, text) {
  const node = document.getElementById(id);
  if (node) node.textContent = text;
}

/** A count, or words when it is too small to be shown. @param {number | null} n */
function few(n) {
  return n === null ? t("fewer than 10") : formatNumber(n);
}

/** @param {SubmitEvent} event */
async function save(event) {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (document.getElementById("audience-name"));
  const saved = await postJson(AUDIENCES, { ...choice(), name: input.value });
  input.value = "";
  toast(t("Saved {name}", { name: saved.name }), "good");
  await showSaved();
}

async function showSaved() {
  const { items } = await getJson(AUDIENCES);
  const words = Object.fromEntries(
    [.../** @type {HTMLSelectElement} */ (form.elements.namedItem("channel")).options].map((o) => [
      o.value,
      o.text,
    ]),
  );
  document.getElementById("saved")?.replaceChildren(
    ...items.map((/** @type {any} */ one) =>
      el(
        "li",
        { "data-id": one.id },
        el(
          "div",
          { class: "grow" },
          el("div", { class: "truncate" }, one.name),
          el(
            "div",
            { class: "muted small" },
            [words[one.channel], few(one.reachable), formatDateTime(one.created_at)].join(" · "),
          ),
        ),
        el(
          "a",
          {
            class: "btn btn-icon",
            href: `${AUDIENCES}/${one.id}.csv`,
            download: "",
            "aria-label": t("Export {name} as CSV", { name: one.name }),
          },
          icon("download"),
        ),
        el(
          "button",
          {
            class: "btn btn-icon btn-ghost",
            type: "button",
            "data-delete": "",
            "aria-label": t("Delete {name}", { name: one.name }),
          },
          icon("trash"),
        ),
      ),
    ),
  );
  const none = document.getElementById("none-saved");
  if (none) none.hidden = items.length > 0;
}

/** @param {MouseEvent} event */
async function removeSaved(event) {
  const row = /** @type {Element} */ (event.target).closest("[data-delete]")?.closest("li");
  if (!row) return;
  const go = await confirm(t("Delete this audience? The customers stay."), {
    yes: t("Delete"),
    danger: true,
  });
  if (!go) return;
  await deleteJson(`${AUDIENCES}/${row.getAttribute("data-id")}`);
  await showSaved();
}
