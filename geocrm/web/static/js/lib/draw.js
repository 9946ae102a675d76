// @ts-check
/** Drawing an area on a map: lasso, polygon, rectangle or circle; one area at a time. */
import {
  TerraDraw,
  TerraDrawCircleMode,
  TerraDrawFreehandMode,
  TerraDrawPolygonMode,
  TerraDrawRectangleMode,
  TerraDrawRenderMode,
} from "../../vendor/terra-draw/terra-draw.js";
import { TerraDrawMapLibreGLAdapter } from "../../vendor/terra-draw-adapter/terra-draw-adapter.js";
import { token } from "./theme.js";

const MODES = /** @type {const} */ ({ lasso: "freehand", polygon: "polygon", rectangle: "rectangle", circle: "circle" });

/**
 * @param {any} map from createMap
 * @param {{onFinish: (area: GeoJSON.Polygon) => void, onStop?: () => void}} options
 */
export function createDraw(map, { onFinish, onStop }) {
  const draw = new TerraDraw({ adapter: new TerraDrawMapLibreGLAdapter({ map }), modes: modes() });
  draw.start();
  draw.setMode("static");
  const stop = () => {
    draw.setMode("static");
    map.getCanvas().style.cursor = "";
    onStop?.();
  };
  draw.on("finish", (/** @type {string | number} */ id) => {
    const feature = draw.getSnapshotFeature(id);
    stop();
    if (feature?.geometry.type === "Polygon") onFinish(feature.geometry);
  });
  const cancel = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && draw.getMode() !== "static") {
      draw.clear();
      stop();
    }
  };
  document.addEventListener("keydown", cancel);
  return {
    /** Begin anew; the area before goes. @param {keyof typeof MODES} mode */
    start(mode) {
      draw.clear();
      draw.setMode(MODES[mode]);
    },
    stop,
    clear: () => draw.clear(),
    /** Show an area that was drawn before. @param {GeoJSON.Polygon} area */
    show(area) {
      draw.clear();
      draw.addFeatures([{ type: "Feature", geometry: area, properties: { mode: "polygon" } }]);
    },
    isDrawing: () => draw.getMode() !== "static",
    /** Take everything off the map. */
    remove() {
      document.removeEventListener("keydown", cancel);
      draw.stop();
    },
  };
}

function modes() {
  // Functions, so that a change between light and dark is seen at the next drawing.
  const accent = () => /** @type {`#${string}`} */ (token("--accent"));
  const styles = {
    fillColor: accent,
    fillOpacity: 0.14,
    outlineColor: accent,
    outlineWidth: 2,
    closingPointColor: accent,
  };
  // By dragging, as on paper, or by a click at the start and one at the end.
  const drawInteraction = "click-move-or-drag";
  return [
    new TerraDrawFreehandMode({ styles, drawInteraction }),
    new TerraDrawPolygonMode({ styles }),
    new TerraDrawRectangleMode({ styles, drawInteraction }),
    new TerraDrawCircleMode({ styles, drawInteraction }),
    new TerraDrawRenderMode({ modeName: "static", styles: {} }),
  ];
}
