// @ts-check
/** Drawing the area whose customers are chosen, and showing it on the map. */
import { LABELS } from "../lib/basemap.js";
import { formatDistance } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { openMenu } from "../lib/pop_menu.js";
import { onThemeChange, token } from "../lib/theme.js";
import { toast } from "../lib/toast.js";
import { MAX_CORNERS, simplified } from "./map_area.js";

/** @typedef {import("./map_state.js").ViewState} ViewState */

const EMPTY = { type: "FeatureCollection", features: [] };
const TOOLS = /** @type {const} */ (["lasso", "rectangle", "circle", "polygon"]);

/** @param {any} map @param {(changes: Partial<ViewState>) => void} change */
export function createDrawing(map, change) {
  const button = document.getElementById("draw");
  /** @type {any} */
  let draw = null;
  addLayers(map);
  button?.addEventListener("click", () => {
    if (draw?.isDrawing()) return draw.stop();
    openMenu(button, TOOLS.map((tool) => ({ words: toolWords(tool), symbol: toolSymbol(tool), run: () => start(tool) })), { label: t("Choose on the map") });
  });
  button?.removeAttribute("disabled");

  /** @param {typeof TOOLS[number]} tool */
  async function start(tool) {
    const { createDraw } = await import("../lib/draw.js");
    draw ??= createDraw(map, { onFinish: drawn, onStop: () => showTool(null) });
    showTool(tool);
    draw.start(tool);
  }

  /** @param {typeof TOOLS[number] | null} tool */
  function showTool(tool) {
    button?.setAttribute("aria-pressed", String(tool !== null));
    const hint = document.getElementById("draw-hint");
    if (!hint) return;
    hint.hidden = tool === null;
    if (tool) hint.textContent = toolHint(tool);
  }

  /** @param {any} area */
  function drawn(area) {
    const { area: kept, corners, before, offM } = simplified(area, map.getZoom());
    // A finished drawing belongs to the address; ours is shown from there.
    setTimeout(() => draw.clear(), 0);
    if (before > MAX_CORNERS) {
      toast(t("The outline was drawn with {before} corners and keeps {corners}, so that a link can hold it; it is off by at most {distance}.", { before, corners, distance: formatDistance(offM) }), "info");
    }
    change({ selection: kept, ids: null, all: false });
  }

  return {
    /** @param {ViewState} state */
    show(state) {
      map.getSource("selection").setData(state.selection ? { type: "Feature", properties: {}, geometry: state.selection } : EMPTY);
    },
    isDrawing: () => Boolean(draw?.isDrawing()),
  };
}

/** @param {any} map */
function addLayers(map) {
  map.addSource("selection", { type: "geojson", data: EMPTY });
  map.addLayer({ id: "selection-fill", type: "fill", source: "selection", paint: { "fill-color": "#000", "fill-opacity": 0.1 } }, LABELS);
  map.addLayer({ id: "selection-line", type: "line", source: "selection", layout: { "line-join": "round" }, paint: { "line-color": "#000", "line-width": 2 } });
  const paint = () => {
    map.setPaintProperty("selection-fill", "fill-color", token("--accent"));
    map.setPaintProperty("selection-line", "line-color", token("--accent"));
  };
  paint();
  map.once("remove", onThemeChange(paint));
}

/** @param {typeof TOOLS[number]} tool */
function toolWords(tool) {
  return { lasso: t("Lasso"), rectangle: t("Rectangle"), circle: t("Circle"), polygon: t("Polygon") }[tool];
}

/** @param {typeof TOOLS[number]} tool */
function toolSymbol(tool) {
  return { lasso: "lasso", rectangle: "square", circle: "circle", polygon: "polygon" }[tool];
}

/** @param {typeof TOOLS[number]} tool */
function toolHint(tool) {
  // A finger has no Escape: the button that began it ends it.
  if (matchMedia("(pointer: coarse)").matches) return { polygon: t("Tap the corners, then the first one again."), circle: t("Drag from the middle outwards."), rectangle: t("Drag over the map."), lasso: t("Drag over the map.") }[tool];
  if (tool === "polygon") return t("Click the corners, then the first one again; Escape ends it.");
  if (tool === "circle") return t("Drag from the middle outwards; Escape ends it.");
  return t("Drag over the map; Escape ends it.");
}
