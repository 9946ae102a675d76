// @ts-check
/** The strip of tools over the map: tools, where from and to, brush, undo, and the sheet of keys. */
import { el, icon } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { colourAt, UNASSIGNED_COLOUR } from "../lib/palette.js";
import { BRUSHES, TOOLS } from "./territory_tools.js";

/**
 * @param {HTMLElement} place
 * @param {import("./territory_editor.js").Editor} editor
 * @param {{choose: (tool: import("./territory_tools.js").Tool) => void, resize: (step: number) => void, step: (way: "undo" | "redo") => void}} act
 */
export function createToolbar(place, editor, act) {
  const words = toolWords();
  const tools = new Map(TOOLS.map(({ tool, key, icon: symbol }) => [
    tool,
    button(symbol, `${words[tool]} (${key})`, () => act.choose(tool), { "aria-pressed": "false", "data-tool": tool }),
  ]));
  const colour = el("span", { class: "swatch", "aria-hidden": "true" });
  const target = select(t("Paint with"), (value) => {
    editor.target = value === "new" ? "new" : Number(value);
    showColour();
  });
  target.label.prepend(colour);
  target.field.classList.add("tool-target");
  const source = select(t("Take from"), (value) => (editor.source = value === "all" ? "all" : Number(value)));
  const size = el("span", { class: "tool-size", "aria-live": "polite" }, dot(1));
  const lockPainted = button("lock", t("Keep what is painted: tools leave unsaved changes as they are"), () => {
    editor.lockPainted = !editor.lockPainted;
    lockPainted.setAttribute("aria-pressed", String(editor.lockPainted));
  }, { "aria-pressed": "false" });
  const undo = button("arrow-back-up", t("Undo ({key})", { key: t("Ctrl Z") }), () => act.step("undo"), { id: "undo-move" });
  const redo = button("arrow-forward-up", t("Redo ({key})", { key: t("Ctrl Y") }), () => act.step("redo"), { id: "redo-move" });
  place.append(
    el("div", { class: "tool-group", role: "group", "aria-label": t("Tools") }, ...tools.values()),
    el("div", { class: "tool-group" }, undo, redo, button("help-circle", t("All keys ({key})", { key: "?" }), showKeys)),
    el("div", { class: "tool-group", role: "group", "aria-label": t("Brush") },
      button("minus", t("Smaller brush ({key})", { key: "[" }), () => act.resize(-1)), size,
      button("plus", t("Larger brush ({key})", { key: "]" }), () => act.resize(1)), lockPainted),
    el("div", { class: "tool-group tool-choices" }, target.label, source.label),
  );

  function showColour() {
    const one = typeof editor.target === "number" ? editor.state.territories.get(editor.target) : null;
    colour.style.background = one ? colourAt(one.colour) : UNASSIGNED_COLOUR;
  }

  /** @param {HTMLElement} one @param {boolean} on */
  const enable = (one, on) => (/** @type {HTMLButtonElement} */ (one).disabled = !on);
  return {
    /** @param {import("./territory_tools.js").Tool} tool @param {number} brush */
    show(tool, brush) {
      for (const [name, one] of tools) one.setAttribute("aria-pressed", String(name === tool));
      size.replaceChildren(dot(brush));
    },
    refresh() {
      const { state } = editor;
      const territories = state.numbers().map((number) => /** @type {[string, string]} */ ([String(number), state.territories.get(number)?.name ?? ""]));
      fill(target.field, [...territories, ["new", t("A new territory")], ["0", t("No territory")]], String(editor.target));
      fill(source.field, [["all", t("Everything")], ["0", t("Unassigned only")], ...territories], String(editor.source));
      showColour();
    },
    steps() {
      enable(undo, editor.undoList.done.length > 0);
      enable(redo, editor.undoList.undone.length > 0);
    },
  };
}

/** @returns {Record<import("./territory_tools.js").Tool, string>} */
function toolWords() {
  return {
    pan: t("Move the map"),
    paint: t("Paint"),
    erase: t("Erase"),
    lasso: t("Lasso"),
    rectangle: t("Rectangle"),
    inspect: t("Inspect a unit"),
    fill: t("Fill a hole"),
  };
}

/** @param {string} symbol @param {string} words @param {() => void} run @param {Record<string, any>} [more] */
function button(symbol, words, run, more = {}) {
  return el("button", { class: "tool", type: "button", title: words, "aria-label": words, onclick: run, ...more }, icon(symbol));
}

/** @param {string} words @param {(value: string) => void} onChange */
function select(words, onChange) {
  const field = /** @type {HTMLSelectElement} */ (el("select", { class: "form-select" }));
  field.addEventListener("change", () => onChange(field.value));
  return { field, label: el("label", { class: "tool-choice" }, el("span", {}, words), field) };
}

/** @param {HTMLSelectElement} field @param {[string, string][]} options @param {string} value */
function fill(field, options, value) {
  field.replaceChildren(...options.map(([key, words]) => el("option", { value: key }, words)));
  field.value = value;
}

/** How large the brush is. @param {number} brush */
function dot(brush) {
  const mark = el("span", { class: "tool-dot" });
  const side = 4 + (16 * brush) / (BRUSHES.length - 1);
  mark.style.width = mark.style.height = `${side}px`;
  return el("span", { class: "tool-dot-box", role: "img", "aria-label": t("Brush {n} of {all}", { n: brush + 1, all: BRUSHES.length }) }, mark);
}

/** The sheet of keys. */
export function showKeys() {
  const words = toolWords();
  const rows = [
    ...TOOLS.map(({ tool, key }) => [key, words[tool]]),
    ["[  ]", t("Smaller or larger brush")],
    [t("Shift"), t("Paint by whole parent units")],
    [t("Space bar"), t("Move the map while held")],
    [t("Ctrl Z"), t("Undo")],
    [t("Ctrl Y"), t("Redo")],
    [t("Ctrl S"), t("Save")],
    ["N", t("Next unassigned unit")],
    [t("Arrow keys"), t("Move the map below the cross")],
    ["Enter", t("Use the tool at the cross; a corner of a lasso or rectangle, twice closes the lasso")],
    [t("Two fingers"), t("Move and zoom the map, whatever the tool")],
    ["Esc", t("Leave what is being drawn, or show everything")],
    ["?", t("This sheet")],
  ];
  const box = /** @type {HTMLDialogElement} */ (
    el("dialog", { class: "modal-box tool-keys", "aria-label": t("Keys of the editor") },
      el("h2", { class: "h3" }, t("Keys of the editor")),
      el("dl", {}, ...rows.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
      el("form", { method: "dialog", class: "form-actions" }, el("button", { class: "btn btn-primary", autofocus: true }, t("Close"))))
  );
  document.body.append(box);
  box.addEventListener("close", () => box.remove());
  box.showModal();
}
