// @ts-check
/**
 * Hands on the map: mouse, pen, finger and keyboard become strokes, areas and points of the chosen
 * tool. Two fingers always move the map, and so does the space bar held down. With the keyboard the
 * tool works at a cross in the middle of the map.
 *
 * @typedef {[number, number]} Px
 * @typedef {"pan" | "paint" | "erase" | "lasso" | "rectangle" | "inspect" | "fill"} Tool
 * @typedef {object} Hands
 * @property {() => void} begin a stroke begins
 * @property {(from: Px, to: Px, wholeParent: boolean) => void} stroke
 * @property {() => void} end
 * @property {() => void} cancel the stroke was none: a second finger came down
 * @property {(ring: Px[]) => void} area
 * @property {(at: Px) => void} point inspect, or fill
 * @property {(at: Px | null) => void} hover
 */
import { t } from "../lib/i18n.js";

export const TOOLS = /** @type {{tool: Tool, key: string, icon: string}[]} */ ([
  { tool: "pan", key: "H", icon: "hand-stop" },
  { tool: "paint", key: "B", icon: "brush" },
  { tool: "erase", key: "E", icon: "eraser" },
  { tool: "lasso", key: "L", icon: "lasso" },
  { tool: "rectangle", key: "R", icon: "marquee-2" },
  { tool: "inspect", key: "I", icon: "info-circle" },
  { tool: "fill", key: "F", icon: "bucket-droplet" },
]);
/** Radii of the brush in pixels; the first paints the one unit under the pointer. */
export const BRUSHES = [0, 14, 28, 48, 80];
const SVG = "http://www.w3.org/2000/svg";
const CLICK_PX = 4;

/** @param {any} map @param {Hands} hands */
export function createTools(map, hands) {
  const canvas = /** @type {HTMLCanvasElement} */ (map.getCanvas());
  const box = /** @type {HTMLElement} */ (map.getContainer());
  const sketch = overlay(box);
  /** @type {Tool} */
  let tool = "pan";
  let brush = 1;
  /** @type {Px[]} */
  let trail = [];
  let pointer = -1;
  let space = false;
  const fingers = new Set();
  /** Corners of an area by keyboard: kept as places, for the map moves below the cross. @type {any[]} */
  let corners = [];

  // Asking where the canvas is makes the browser lay out the page, which a stroke has no time for.
  let frame = canvas.getBoundingClientRect();
  const measure = () => (frame = canvas.getBoundingClientRect());
  for (const kind of ["pointerdown", "pointerenter"]) canvas.addEventListener(kind, measure);
  map.on("resize", measure);
  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => up(/** @type {PointerEvent} */ (event)));
  canvas.addEventListener("pointerleave", () => pointer < 0 && rest());
  canvas.addEventListener("keydown", key);
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && crosshair(true));
  canvas.addEventListener("blur", () => crosshair(false));
  document.addEventListener("keydown", (event) => holdSpace(event, true));
  document.addEventListener("keyup", (event) => holdSpace(event, false));
  // Before MapLibre sees it: with two fingers the map moves, whatever the tool.
  box.addEventListener("touchstart", (event) => event.touches.length > 1 && map.dragPan.enable(), { capture: true });
  box.addEventListener("touchend", (event) => event.touches.length === 0 && release(), { capture: true });

  /** @param {PointerEvent} event */
  function down(event) {
    if (event.pointerType === "touch") {
      fingers.add(event.pointerId);
      if (fingers.size > 1) return abandon();
    }
    crosshair(false);
    if (space || event.button !== 0) return;
    trail = [at(event)];
    if (tool === "pan" || tool === "inspect" || tool === "fill") return;
    pointer = event.pointerId;
    // A pointer that a test made up cannot be captured.
    if (event.isTrusted) canvas.setPointerCapture(pointer);
    if (tool === "paint" || tool === "erase") {
      hands.begin();
      hands.stroke(trail[0], trail[0], event.shiftKey);
    }
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (event.pointerId !== pointer) return hoverAt(event);
    const coalesced = event.getCoalescedEvents?.() ?? [];
    const way = (coalesced.length ? coalesced : [event]).map(at);
    if (tool === "paint" || tool === "erase") {
      const last = at(event);
      hands.stroke(trail[trail.length - 1], last, event.shiftKey);
      trail = [last];
      sketch.brush(last, BRUSHES[brush]);
    } else {
      trail.push(...way);
      sketch.ring(ring());
    }
  }

  /** @param {PointerEvent} event */
  function up(event) {
    fingers.delete(event.pointerId);
    if (event.pointerId === pointer) {
      pointer = -1;
      if (tool === "paint" || tool === "erase") return event.type === "pointercancel" ? hands.cancel() : hands.end();
      const drawn = ring();
      sketch.clear();
      if (event.type === "pointerup" && drawn.length > 2 && wide(drawn)) hands.area(drawn);
      return;
    }
    const still = trail[0] && distance(trail[0], at(event)) < CLICK_PX && event.type === "pointerup" && event.button === 0;
    trail = [];
    if (still && !space && (tool === "inspect" || tool === "fill" || tool === "pan")) hands.point(at(event));
  }

  /** What is being drawn is left: a second finger came, Escape was pressed, or another tool chosen. */
  function abandon() {
    if (pointer >= 0 && (tool === "paint" || tool === "erase")) hands.cancel();
    pointer = -1;
    trail = [];
    corners = [];
    sketch.clear();
  }

  function release() {
    fingers.clear();
    setDrag();
  }

  /** @param {PointerEvent} event */
  function hoverAt(event) {
    if (event.pointerType === "touch") return;
    const point = at(event);
    if ((tool === "paint" || tool === "erase") && !space) sketch.brush(point, BRUSHES[brush]);
    hands.hover(event.buttons ? null : point);
  }

  function rest() {
    sketch.clear();
    hands.hover(null);
  }

  /** @returns {Px[]} */
  function ring() {
    if (tool !== "rectangle") return trail;
    const [[x0, y0], [x1, y1]] = [trail[0], trail[trail.length - 1]];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  // ---------------------------------------------------------------------------- keyboard

  /** @param {KeyboardEvent} event */
  function key(event) {
    crosshair(true);
    if (event.key === "Escape" && (trail.length || corners.length)) {
      abandon();
      event.stopPropagation();
      return;
    }
    if (event.key !== "Enter") return;
    event.preventDefault();
    const middle = /** @type {Px} */ ([canvas.clientWidth / 2, canvas.clientHeight / 2]);
    if (tool === "paint" || tool === "erase") {
      hands.begin();
      hands.stroke(middle, middle, event.shiftKey);
      hands.end();
    } else if (tool === "lasso" || tool === "rectangle") corner(middle);
    else hands.point(middle);
  }

  /** @param {Px} middle */
  function corner(middle) {
    const drawn = () => corners.map((place) => map.project(place)).map(({ x, y }) => /** @type {Px} */ ([x, y]));
    const same = corners.length && distance(drawn()[corners.length - 1], middle) < CLICK_PX;
    if (!same) corners.push(map.unproject(middle));
    const points = drawn();
    const closed = tool === "rectangle" ? points.length === 2 : same && points.length > 2;
    trail = points;
    if (!closed) return sketch.ring(points);
    const area = ring();
    corners = [];
    trail = [];
    sketch.clear();
    hands.area(area);
  }

  map.on("move", () => {
    if (!corners.length) return;
    trail = corners.map((place) => map.project(place)).map(({ x, y }) => /** @type {Px} */ ([x, y]));
    sketch.ring([...trail, [canvas.clientWidth / 2, canvas.clientHeight / 2]]);
  });

  /** @param {KeyboardEvent} event @param {boolean} on */
  function holdSpace(event, on) {
    if (event.code !== "Space" || (on && !box.contains(document.activeElement) && document.activeElement !== document.body)) return;
    if (on) event.preventDefault();
    space = on;
    setDrag();
  }

  function setDrag() {
    const free = tool === "pan" || tool === "inspect" || tool === "fill" || space;
    map.dragPan[free ? "enable" : "disable"]();
    map.boxZoom[tool === "pan" ? "enable" : "disable"]();
    map.doubleClickZoom[tool === "pan" ? "enable" : "disable"]();
    box.dataset.tool = space ? "pan" : tool;
  }

  /** @param {PointerEvent} event @returns {Px} */
  function at(event) {
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  /** @param {boolean} on */
  function crosshair(on) {
    box.classList.toggle("with-crosshair", on);
  }

  return {
    get tool() {
      return tool;
    },
    get brush() {
      return brush;
    },
    /** @param {Tool} next */
    choose(next) {
      abandon();
      tool = next;
      setDrag();
      hands.hover(null);
    },
    /** @param {number} step */
    resize(step) {
      brush = Math.max(0, Math.min(BRUSHES.length - 1, brush + step));
    },
  };
}

/** What is drawn over the map while drawing. @param {HTMLElement} box */
function overlay(box) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "territory-sketch");
  svg.setAttribute("aria-hidden", "true");
  const path = svg.appendChild(document.createElementNS(SVG, "polygon"));
  const circle = svg.appendChild(document.createElementNS(SVG, "circle"));
  box.append(svg);
  const cross = document.createElement("div");
  cross.className = "territory-cross";
  cross.setAttribute("role", "img");
  cross.setAttribute("aria-label", t("The tool works here"));
  box.append(cross);
  return {
    /** @param {Px} at @param {number} radius */
    brush([x, y], radius) {
      circle.setAttribute("cx", String(x));
      circle.setAttribute("cy", String(y));
      circle.setAttribute("r", String(Math.max(3, radius)));
    },
    /** @param {Px[]} points */
    ring(points) {
      path.setAttribute("points", points.map((point) => point.join(",")).join(" "));
    },
    clear() {
      path.setAttribute("points", "");
      circle.setAttribute("r", "0");
    },
  };
}

/** @param {Px} a @param {Px} b */
const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** @param {Px[]} ring */
const wide = (ring) => ring.some((point) => distance(point, ring[0]) > 2 * CLICK_PX);
