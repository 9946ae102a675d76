// @ts-check
/**
 * Areas that people keep: createAreas(container, {onUse(area)}) fills the container with the list,
 * where one brings files, renames, shares and deletes. `onUse` gets {id, name, box}.
 */
import { deleteJson, getJson, patchJson, postJson } from "../lib/api.js";
import { confirm } from "../lib/confirm.js";
import { el, icon } from "../lib/dom.js";
import { failure } from "../lib/failure.js";
import { formatNumber } from "../lib/format.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";

/** @typedef {{id: number, name: string, owner: string, mine: boolean, shared: boolean, source: string | null, km2: number, box: [number, number, number, number]}} Area */

const ACCEPTED = ".geojson,.json,.kml,.kmz,.gpkg,.zip";

/** @param {HTMLElement} container @param {{onUse: (area: Area) => void}} how */
export function createAreas(container, { onUse }) {
  const list = el("ul", { class: "areas-list", "aria-label": t("Areas"), "aria-busy": "true" });
  const said = el("div", { class: "areas-said", role: "status" });
  const choose = /** @type {HTMLInputElement} */ (el("input", { type: "file", accept: ACCEPTED, class: "visually-hidden", tabindex: -1, "aria-hidden": "true" }));
  const button = el("button", { class: "btn btn-primary", type: "button", onclick: () => choose.click() }, icon("upload"), t("Bring a file"));
  const drop = el("div", { class: "areas-drop" },
    button, choose,
    el("p", { class: "hint" }, t("GeoJSON, KML, KMZ, GeoPackage or a zipped shapefile, up to 20 MB. Or drop it here.")));
  container.replaceChildren(el("div", { class: "areas stack" }, drop, said, list));
  choose.addEventListener("change", () => {
    const [file] = choose.files ?? [];
    choose.value = "";
    if (file) bring(file);
  });
  acceptDrops(drop, (file) => bring(file));
  show();

  async function show() {
    const answer = await getJson("/api/v1/areas", { quiet: true }).catch(() => null);
    list.removeAttribute("aria-busy");
    if (!answer) return list.replaceChildren(el("li", {}, failure(show)));
    list.replaceChildren(...answer.items.map((/** @type {Area} */ area) => row(area)));
    if (!answer.items.length) list.append(el("li", { class: "muted areas-empty" }, t("No areas yet. Bring a file with sales areas, zones or districts.")));
  }

  /** @param {File} file */
  async function bring(file) {
    said.replaceChildren(el("p", { class: "muted" }, t("Reading {name} …", { name: file.name })));
    button.setAttribute("disabled", "");
    const form = new FormData();
    form.set("file", file);
    try {
      const answer = await postJson("/api/v1/areas/files", form, { quiet: true });
      report(answer);
      await show();
    } catch (error) {
      said.replaceChildren(el("div", { class: "notice notice-bad", role: "alert" }, icon("alert-circle"), el("div", {}, error instanceof Error ? error.message : String(error))));
    } finally {
      button.removeAttribute("disabled");
    }
  }

  /** What was put right and what was left out, so that nobody wonders. @param {any} answer */
  function report({ items, notes, left_out: leftOut }) {
    toast(tn("{n} area was added", "{n} areas were added", { n: items.length }), "good");
    const lines = [...notes, ...leftOut.map((/** @type {string} */ reason) => t("Left out: {reason}", { reason }))];
    said.replaceChildren();
    if (!lines.length) return;
    said.append(el("div", { class: "notice notice-info" }, icon("info-circle"), el("ul", { class: "areas-notes" }, ...lines.map((line) => el("li", {}, line)))));
  }

  /** @param {Area} area */
  function row(area) {
    const name = el("button", { class: "areas-name truncate", type: "button", title: t("Use this area"), onclick: () => onUse(area) }, area.name);
    const size = t("{km2} km²", { km2: formatNumber(area.km2 < 10 ? Math.round(area.km2 * 10) / 10 : Math.round(area.km2)) });
    const whose = area.mine ? (area.shared ? t("shared by you") : t("only you")) : t("shared by {name}", { name: area.owner });
    return el("li", { class: "areas-row" },
      el("div", { class: "grow areas-words" }, name, el("div", { class: "small muted truncate" }, `${size} · ${whose}`)),
      ...(area.mine ? tools(area) : []));
  }

  /** @param {Area} area */
  function tools(area) {
    const tool = (/** @type {string} */ symbol, /** @type {string} */ words, /** @type {() => void} */ run, /** @type {Record<string, any>} */ more = {}) =>
      el("button", { class: "btn btn-ghost btn-icon", type: "button", "aria-label": words, title: words, onclick: run, ...more }, icon(symbol));
    return [
      tool("pencil", t("Rename {name}", { name: area.name }), () => rename(area)),
      tool(area.shared ? "lock-open" : "lock", area.shared ? t("Stop sharing {name}", { name: area.name }) : t("Share {name} with everybody", { name: area.name }), () => change(area, { shared: !area.shared }), { "aria-pressed": String(area.shared) }),
      tool("trash", t("Delete {name}", { name: area.name }), () => remove(area)),
    ];
  }

  /** The name becomes a field in its place; Enter keeps, Escape leaves it. @param {Area} area */
  function rename(area) {
    const at = [...list.children].find((one) => one.querySelector(".areas-name")?.textContent === area.name && one.querySelector("[aria-pressed]"));
    const old = at?.querySelector(".areas-name");
    if (!old) return;
    const field = /** @type {HTMLInputElement} */ (el("input", { class: "form-control", value: area.name, maxlength: 120, "aria-label": t("Name of the area") }));
    let done = false;
    const end = async (/** @type {boolean} */ keep) => {
      if (done) return;
      done = true;
      const name = field.value.trim();
      if (keep && name && name !== area.name) await change(area, { name });
      else field.replaceWith(old);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter");
    });
    field.addEventListener("blur", () => end(true));
    old.replaceWith(field);
    field.select();
  }

  /** @param {Area} area @param {{name?: string, shared?: boolean}} changes */
  async function change(area, changes) {
    await patchJson(`/api/v1/areas/${area.id}`, changes).catch(() => null); // the toast says why
    await show();
  }

  /** @param {Area} area */
  async function remove(area) {
    if (!(await confirm(t("Delete the area {name}?", { name: area.name }), { danger: true, yes: t("Delete") }))) return;
    await deleteJson(`/api/v1/areas/${area.id}`).catch(() => null);
    await show();
  }
}

/** @param {HTMLElement} zone @param {(file: File) => void} take */
function acceptDrops(zone, take) {
  const over = (/** @type {boolean} */ on) => zone.classList.toggle("is-over", on);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const [file] = event.dataTransfer?.files ?? [];
    if (file) take(file);
  });
}
