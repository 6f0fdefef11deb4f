// One cell of the page: its text (built or edited), its bar of buttons, its outputs.

import { dropEdit, loadEdit, saveEdit } from "./edits.mjs";
import { Outputs } from "./outputs.mjs";

const MOVED = 5; // pixels: more is a selection, less a click

export class Cell {
  #bar;
  #pre;
  #key;
  #edited = null; // the reader's text
  #builtNodes;
  #errorLine = null;
  #editor = null;
  #opening = null;
  #state = "idle";

  /**
   * @param {Element} bar the server-rendered bar of buttons
   * @param {{mount: Function, act: Function, openEditor: Function}} parts
   *   `act(name, cell)` hears of a button or a key, `openEditor` makes an editor.
   */
  constructor(bar, { mount, act, openEditor }) {
    this.element = bar.closest("div.cell");
    this.number = Number(bar.dataset.cell);
    this.#bar = bar;
    this.#pre = this.element.querySelector(".cell_input pre");
    this.built = this.#pre.textContent.replace(/\n$/, "");
    this.outputs = new Outputs(this.element, bar, mount);
    this.act = (name, detail) => act(name, this, detail);
    this.openEditor = openEditor;
    this.#builtNodes = [...this.#pre.childNodes];
    this.#listen();
  }

  /** Take the edit of an earlier visit from storage. */
  restore(key) {
    this.#key = key;
    this.#edited = loadEdit(key);
    if (this.isEdited) this.#pre.textContent = this.source;
    this.#draw();
  }

  get source() {
    return this.#edited ?? this.built;
  }

  get isEdited() {
    return this.#edited !== null && this.#edited !== this.built;
  }

  /** Whether standard error is left out of the built page. */
  get hidesErrors() {
    return this.element.classList.contains("tag_remove-stderr");
  }

  get alt() {
    return (!this.isEdited && this.outputs.builtAlt) || "Figure drawn by this cell";
  }

  set state(state) {
    this.#state = state;
    this.#draw();
  }

  /** Say something short beside the buttons. */
  note(text) {
    this.#bar.querySelector(".cell-note").textContent = text;
  }

  /** Mark the line where an error was raised; null for none. */
  markLine(line) {
    this.#errorLine = line;
    this.#editor?.markLine(line);
    this.element.querySelector(".cell-error-line")?.remove();
    if (line === null || this.#editor) return;
    const style = getComputedStyle(this.#pre);
    const height = parseFloat(style.lineHeight);
    const mark = document.createElement("span");
    mark.className = "cell-error-line";
    mark.style.height = `${height}px`;
    mark.style.top = `${parseFloat(style.paddingTop) + (line - 1) * height}px`;
    this.#pre.append(mark);
  }

  /** Open the editor in place of the text. */
  async edit(point = null) {
    this.#opening ??= this.openEditor(this.#pre, {
      text: this.source,
      label: `Code of cell ${this.number}`,
      change: (text) => this.#change(text),
      act: this.act,
    });
    const opening = this.#opening;
    const editor = await opening;
    if (opening !== this.#opening) { // undone meanwhile
      editor.close();
      return;
    }
    this.#editor = editor;
    this.element.querySelector("pre .cell-error-line")?.remove();
    this.#editor.markLine(this.#errorLine);
    this.#editor.focus(point);
    this.#draw();
  }

  /** Put the keyboard here: into the editor if it is open, else on the first button. */
  focus() {
    if (this.#editor) this.#editor.focus();
    else this.focusBar();
  }

  focusBar() {
    this.#button(this.#state === "idle" ? "run" : "stop").focus();
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Bring text and output back to what was built. */
  reset() {
    this.undoEdit();
    this.outputs.reset();
    this.markLine(null);
    this.note("");
    this.#draw();
  }

  undoEdit() {
    this.#edited = null;
    dropEdit(this.#key);
    this.#editor?.close();
    this.#editor = this.#opening = null;
    this.#pre.replaceChildren(...this.#builtNodes);
    this.#draw();
  }

  #change(text) {
    this.#edited = text === this.built ? null : text;
    if (this.isEdited) saveEdit(this.#key, text);
    else dropEdit(this.#key);
    this.markLine(null);
    this.#draw();
    this.act("change");
  }

  #button(name) {
    return this.#bar.querySelector(`[data-act="${name}"]`);
  }

  #draw() {
    const [shown, other] = this.#state === "idle" ? ["run", "stop"] : ["stop", "run"];
    const hadFocus = document.activeElement === this.#button(other);
    this.element.dataset.state = this.#state;
    this.#button(other).hidden = true;
    this.#button(shown).hidden = false;
    if (hadFocus) this.#button(shown).focus();
    this.#bar.querySelector(".cell-edited").hidden = !this.isEdited;
  }

  #listen() {
    for (const button of this.#bar.querySelectorAll("[data-act]")) {
      button.addEventListener("click", (event) => {
        // Stop comes where Run was: the second half of a double click does not mean it.
        if (button.dataset.act === "stop" && event.detail > 1) return;
        this.act(button.dataset.act);
      });
    }
    let from = null;
    this.#pre.addEventListener("pointerdown", (event) => { from = event; });
    this.#pre.addEventListener("click", (event) => {
      const still = from && Math.hypot(event.x - from.x, event.y - from.y) < MOVED;
      if (still && getSelection().isCollapsed) this.act("edit", { x: event.x, y: event.y });
    });
    this.#pre.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === this.#pre) {
        event.preventDefault();
        this.act("edit");
      }
    });
  }
}
