// @ts-check
/** The editor on the page: tools, what is pending, finders, others at the same plan, keys. */
import { closeDrawer, openDrawer } from "../lib/drawer.js";
import { t, tn } from "../lib/i18n.js";
import { toast } from "../lib/toast.js";
import { createCompany } from "./territory_company.js";
import { Editor } from "./territory_editor.js";
import { createFinders, lightestNeighbours } from "./territory_finders.js";
import { graphOf, pieceAt, splitsWithout, around } from "./territory_graph.js";
import { createKeeper } from "./territory_keep.js";
import { bindKeys } from "./territory_keys.js";
import { inverseOf, stepOf } from "./territory_merge.js";
import { changesOf, createPending } from "./territory_pending.js";
import { mercatorX, mercatorY, Points } from "./territory_points.js";
import { createSaving } from "./territory_saving.js";
import { selectionView } from "./territory_selection.js";
import { NONE } from "./territory_state.js";
import { createToolbar } from "./territory_toolbar.js";
import { BRUSHES, createTools } from "./territory_tools.js";

/** Pixels between the places a stroke looks at, and how many at most: a fast hand skips none. */
const SAMPLE_PX = 7;
const MOST_SAMPLES = 24;
/** Figures follow a stroke this often; more is more than anybody reads. */
const FIGURES_MS = 100;
const WORLD_PX = 512;

/**
 * @param {object} page
 * @param {string} page.api
 * @param {any} page.plan
 * @param {import("./territory_state.js").PlanState} page.state
 * @param {ReturnType<typeof import("./territory_bars.js").createScoreboard>} page.board
 * @param {Set<number>} page.locks
 * @param {{get: () => number, set: (version: number) => void}} page.version
 * @param {(u: number) => void} page.openUnit
 * @param {(number: number) => void} page.openTerritory
 * @param {(number: number | null) => void} page.focus
 * @param {(split: number[]) => void} page.scores
 * @param {(units: number[], closer?: number) => void} page.lookAt
 * @param {(units: number[]) => void} page.uncover move the map where the drawer lies over them
 */
export function createWorkbench(page) {
  const { api, plan, state, board, version } = page;
  const { columns } = state;
  const graph = graphOf(state.n, columns.a, columns.b);
  const points = new Points(columns.lon, columns.lat);
  /** @type {any} */
  let map = null;
  /** @type {ReturnType<typeof createTools> | null} */
  let tools = null;
  const editor = new Editor(state, { onUnits, onTerritories, onDone, newName: (number) => t("Territory {n}", { n: number }) });
  editor.locks = page.locks;
  const toolbar = createToolbar(byId("editor-tools"), editor, { choose, resize, step });
  const keeper = createKeeper(plan.id, () => {
    if (!unsaved() && !page.locks.size) return null;
    return { version: version.get(), ...stepOf(state, new Set(desk.known.keys())), locks: [...page.locks], clashes: desk.clashes };
  });
  /** @type {import("./territory_saving.js").Desk} */
  const desk = {
    api, plan, state, editor, version, unsaved, redraw, tellWorker, keeper,
    known: new Map([...state.territories].map(([number, one]) => [number, { ...one }])),
    clashes: [],
    view: null,
    done: onDone,
    closed: false,
    leaving: false,
    saveAs: () => saving.saveAs(),
    lookAt: page.lookAt,
  };
  const company = createCompany(desk, byId("others"), byId("stranded"), page.locks);
  const saving = createSaving(desk, company);
  const pending = createPending(byId("pending"), state, { save: () => void saving.save(), saveAs: saving.saveAs, rollBack: () => void saving.rollBack(), open: page.openTerritory });
  const finders = createFinders(byId("finders"), state, { go: find, assignAll });
  const worker = new Worker(new URL("./territory_worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => {
    if (data.asked !== asked) return;
    finders.update(data);
    desk.view?.flag("apart", data.islands.flatMap((/** @type {any} */ piece) => piece.units));
    figures();
  });
  let asked = 0;
  worker.postMessage({ asked, a: Uint32Array.from(columns.a), b: Uint32Array.from(columns.b), home: state.home.slice() });
  toolbar.refresh();
  toolbar.steps();
  addEventListener("beforeunload", (event) => !desk.leaving && unsaved() && event.preventDefault());

  /** Units, or territories, that the server does not have like this. */
  function unsaved() {
    const { known } = desk;
    const fresh = [...state.territories.keys()].filter((number) => !known.has(number)).length;
    const gone = [...known.keys()].filter((number) => !state.territories.has(number)).length;
    return state.pendingCount + fresh + gone;
  }

  // ---------------------------------------------------------------------------- what follows a change

  /** Numbers whose bars are to be drawn. @type {Set<number>} */
  const stale = new Set();
  /** Units that the worker has elsewhere. @type {Set<number>} */
  const moved = new Set();
  let timer = 0;

  /** @param {import("./territory_state.js").Diff} diff */
  function onUnits(diff) {
    desk.view?.paint(diff.units);
    for (const u of diff.units) moved.add(u);
    for (let i = 0; i < diff.from.length; i += 1) stale.add(diff.from[i]).add(diff.to[i]);
    if (!timer) timer = window.setTimeout(follow, FIGURES_MS);
  }

  function follow() {
    clearTimeout(timer);
    timer = 0;
    if (moved.size) tellWorker(Uint32Array.from(moved));
    moved.clear();
    board.update(stale);
    stale.clear();
    finders.refresh();
    page.scores(finders.faults.split);
  }

  /** @param {Uint32Array} units */
  function tellWorker(units) {
    worker.postMessage({ asked: ++asked, units, to: Uint16Array.from(units, (u) => state.home[u]) });
  }

  function onTerritories() {
    board.rebuild();
    toolbar.refresh();
  }

  function onDone() {
    follow();
    figures();
    toolbar.steps();
    keeper.soon();
  }

  function redraw() {
    onTerritories();
    desk.view?.paintAll();
    onDone();
  }

  /** The table of what is pending, and the figures of the head. */
  function figures() {
    if (editor.open) return;
    const changes = changesOf(state, desk.known);
    pending.show(changes, new Set(finders.faults.split), desk.clashes.length > 0);
    board.setChanged(new Set(changes.map((change) => change.number)));
    page.scores(finders.faults.split);
  }

  // ---------------------------------------------------------------------------- tools

  /** @param {import("./territory_tools.js").Tool} tool */
  function choose(tool) {
    tools?.choose(tool);
    // What a tool looks like is for the style sheet to say.
    if (map) map.getCanvas().style.cursor = "";
    toolbar.show(tool, tools?.brush ?? 1);
  }

  /** @param {number} by */
  function resize(by) {
    tools?.resize(by);
    toolbar.show(tools?.tool ?? "pan", tools?.brush ?? 1);
  }

  /** @param {"undo" | "redo"} way */
  function step(way) {
    editor.step(way);
  }

  /** @param {[number, number]} px @returns {[number, number]} */
  function place(px) {
    const { lng, lat } = map.unproject(px);
    return [mercatorX(lng), mercatorY(lat)];
  }

  /** @param {[number, number]} from @param {[number, number]} to @param {boolean} wholeParent */
  function stroke(from, to, wholeParent) {
    const found = new Set();
    const steps = Math.min(MOST_SAMPLES, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / SAMPLE_PX));
    for (let i = steps ? 1 : 0; i <= steps; i += 1) {
      const part = steps ? i / steps : 1;
      const u = desk.view?.unitAt([from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]) ?? -1;
      if (u >= 0) found.add(u);
    }
    const radius = BRUSHES[tools?.brush ?? 0];
    if (radius) for (const u of points.alongBrush(place(from), place(to), radius / (WORLD_PX * 2 ** map.getZoom()))) found.add(u);
    let units = [...found];
    if (wholeParent) units = siblings(units);
    if (tools?.tool !== "erase") return editor.touch(units);
    const { source } = editor;
    // Erasing takes from everything: of what is unassigned there is nothing to erase.
    if (source === NONE) editor.source = "all";
    editor.touch(units, NONE);
    editor.source = source;
  }

  /** All units below the same parents. @param {number[]} units */
  function siblings(units) {
    const parents = new Set(units.map((u) => columns.parent[u]));
    parents.delete(-1);
    const all = new Set(units);
    columns.parent.forEach((parent, u) => parents.has(parent) && all.add(u));
    return [...all];
  }

  /** @param {[number, number][]} ring */
  function area(ring) {
    const units = points.inRing(ring.map(place));
    if (!units.length) return void toast(t("No unit has its middle in there."), "info");
    desk.view?.flag("selected", units);
    openDrawer({
      title: tn("{n} unit selected", "{n} units selected", { n: units.length }),
      content: selectionView(editor, units, (target) => {
        if (target !== null) editor.change(units, target);
        desk.view?.flag("selected", []);
        closeDrawer();
      }),
    });
    page.uncover(units);
  }

  /** @param {[number, number]} at */
  function point(at) {
    const u = desk.view?.unitAt(at) ?? -1;
    if (u < 0) return;
    if (tools?.tool !== "fill") return page.openUnit(u);
    const piece = pieceAt(graph, state.home, u, new Uint8Array(state.n));
    const hole = finders.faults.holes.some(({ units }) => units.includes(u));
    const to = around(graph, state.home, piece);
    if (!hole || !to) return void toast(t("This is no hole: it is not ground inside a single other territory."), "info");
    editor.change(piece, to);
  }

  let hoverWaits = false;
  /** @param {[number, number] | null} at */
  function hover(at) {
    if (tools?.tool === "paint" || tools?.tool === "erase" || !at) return desk.view?.hover(-1);
    if (hoverWaits) return;
    hoverWaits = true;
    requestAnimationFrame(() => {
      hoverWaits = false;
      const u = desk.view?.unitAt(at) ?? -1;
      desk.view?.hover(u);
      if (tools?.tool === "pan" || tools?.tool === "inspect" || tools?.tool === "fill") map.getCanvas().style.cursor = u >= 0 ? "pointer" : "";
    });
  }

  // ---------------------------------------------------------------------------- finders

  /** @param {import("./territory_finders.js").Kind} kind @param {number[]} units */
  function find(kind, units) {
    desk.view?.flag("found", units);
    page.lookAt(units, 1);
    if (kind === "unassigned") page.openUnit(units[0]);
  }

  function assignAll() {
    const { units, to } = lightestNeighbours(state, graph, page.locks);
    if (!units.length) return void toast(t("No territory that may grow lies beside them: paint one of them first."), "info");
    editor.place(units, to);
    desk.view?.flag("found", []);
    toast(tn("{n} unit went to its lightest neighbour. Undo takes it back.", "{n} units went to their lightest neighbours. Undo takes it back.", { n: units.length }), "good");
  }

  return {
    unsaved,
    catchUp: company.catchUp,
    renamed: toolbar.refresh,
    /** @param {any} readyMap @param {ReturnType<typeof import("./territory_map.js").drawTerritories>} readyView */
    begin(readyMap, readyView) {
      map = readyMap;
      desk.view = readyView;
      tools = createTools(map, { begin: () => editor.begin(), stroke, end: () => editor.end(), cancel: () => editor.cancel(), area, point, hover });
      choose("pan");
      bindKeys({ choose, resize, step, save: () => void saving.save(), next: () => finders.next("unassigned") });
      readyView.flag("apart", finders.faults.islands.flatMap((piece) => piece.units));
      company.restore().catch((/** @type {unknown} */ error) => console.debug(error));
      company.catchUp().catch(() => undefined);
    },
    /** Paint with a territory from now on. @param {number} number */
    aim(number) {
      editor.target = number;
      toolbar.refresh();
    },
    /** @param {number} number */
    lock(number) {
      if (!page.locks.delete(number)) page.locks.add(number);
      board.update([number]);
      keeper.soon();
    },
    /** @param {number} number */
    remove: (number) => editor.remove(number),
    /** What moving a unit to each territory beside it would do. @param {number} u */
    movesOf(u) {
      const found = new Set();
      for (let e = graph.start[u]; e < graph.start[u + 1]; e += 1) found.add(state.home[graph.beside[e]]);
      found.delete(state.home[u]);
      found.delete(NONE);
      const splits = state.home[u] !== NONE && splitsWithout(graph, state.home, u);
      const { values, sums } = state.measures[state.balance];
      const ideal = state.ideal();
      return [...found].sort((a, b) => a - b).map((to) => ({ to, splits, deviation: ideal ? (sums[to] + values[u]) / ideal - 1 : 0 }));
    },
    /** @param {number} u @param {number} to */
    move(u, to) {
      editor.place([u], [to]);
    },
    /** @param {import("./territory_merge.js").SavedStep} saved */
    takeBack(saved) {
      const { units, to, left, fresh } = inverseOf(state, saved);
      for (const one of fresh) state.addTerritory(one.name, one.colour, one.number);
      editor.place(units, to);
      onTerritories();
      const words = [t("The step is taken back here. Save to keep it so.")];
      if (left) words.push(tn("{n} unit was moved again since and stays.", "{n} units were moved again since and stay.", { n: left }));
      toast(words.join(" "), "info");
    },
  };
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
