// Python in the page: which cell runs when, and what the page says about it.

import { storageKeys } from "./edits.mjs";
import { Kernel } from "./kernel.mjs";
import { downloadNotebook } from "./notebook.mjs";
import { PageBar, progressText } from "./page_bar.mjs";

export const WITHOUT = "Reading, figures and solutions work without it.";

/** "the cell", "the 3 cells" */
const theCells = (count) => (count === 1 ? "the cell" : `the ${count} cells`);
const duration = (seconds) => (seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(0));

export class Session {
  #cells;
  #bar;
  #kernel;
  #python;
  #notebook;
  #queue = []; // cells waiting
  #current = null; // the cell whose turn it is
  #working = null; // the promise of #work, while it goes on
  #ran = []; // { cell, source }: what has run to its end in this Python, in order
  #lost = false; // this Python was stopped: what had run must run again
  #prefetched = false;

  constructor(bar, cells, { python, notebook }) {
    this.#bar = new PageBar(bar, (action) => this.act(action));
    this.#cells = cells;
    this.#kernel = new Kernel(python);
    this.#python = python;
    this.#notebook = notebook;
    const keys = storageKeys(location.pathname, cells.map((cell) => cell.built));
    cells.forEach((cell, at) => cell.restore(keys[at]));
    this.#drawBar();
  }

  /** Do what a button or a key of the page, or of a cell, asks for. */
  act(name, cell, detail) {
    const at = this.#cells.indexOf(cell);
    const actions = {
      run: () => this.run([cell]),
      "run-and-move": () => {
        this.run([cell]);
        (this.#cells[at + 1] ?? cell).focus();
      },
      "run-above": () => this.run(this.#cells.slice(0, at)),
      "run-all": () => this.run(this.#cells),
      stop: () => this.stop(cell),
      restart: () => this.restart(),
      edit: () => cell.edit(detail),
      leave: () => cell.focusBar(),
      reset: () => this.#reset(cell),
      change: () => this.#drawBar(),
      "undo-edits": () => this.#undoEdits(),
      download: () => this.#download(),
    };
    actions[name]();
  }

  /** Run cells in their order, after the others that wait already. */
  run(cells) {
    for (const cell of cells) {
      if (cell !== this.#current) this.#wait(cell); // that one runs now, and will once more
    }
    this.#queue = [...this.#queue.filter((cell) => !cells.includes(cell)), ...cells];
    this.#working ??= this.#work();
  }

  /** Stop the cell that runs, or take one that waits out of the queue. */
  stop(cell) {
    if (cell !== this.#current && this.#queue.includes(cell)) {
      this.#queue = this.#queue.filter((each) => each !== cell);
      this.#idle(cell, "");
      return;
    }
    this.#kernel.stop();
  }

  /** Forget all that has run. */
  restart() {
    const text = "Python is restarted: nothing has run in it yet.";
    this.#ran = [];
    this.#lost = false;
    this.#kernel.stop(text);
    this.#bar.say(text);
  }

  /** Run what waits until nothing does, or something goes wrong. */
  async #work() {
    const began = performance.now();
    const several = this.#queue.length > 1;
    if (several) this.#bar.say(`Running ${this.#queue.length} cells.`);
    let count = 0;
    let ok = await this.#replay();
    while (ok && this.#queue.length) {
      ok = await this.#runNext(several);
      count += 1;
    }
    for (const cell of this.#queue.splice(0)) {
      if (cell !== this.#current) this.#idle(cell, "did not run");
    }
    this.#bar.showProgress("");
    this.#working = this.#current = null;
    if (!ok) return;
    const seconds = (performance.now() - began) / 1000;
    if (several) this.#bar.say(`Ran ${count} cells in ${duration(seconds)} s, without an error.`);
    this.#prefetch();
  }

  /** In a new Python, run again what had run in the one that was stopped. */
  async #replay() {
    if (!this.#lost || !this.#queue.length) return true;
    // A cell that waits to run is left out only where nothing after it may need it.
    const again = [...this.#ran];
    while (again.length && this.#queue.includes(again.at(-1).cell)) again.pop();
    const first = this.#queue[0];
    this.#current = first;
    const task = `running ${theCells(again.length)} before it again`;
    if (again.length) this.#bar.say(`Python is new: ${task}.`);
    first.state = "running";
    for (const [at, { cell, source }] of again.entries()) {
      first.note(again.length > 1 ? `${task} (${at + 1} of ${again.length})` : task);
      const hear = (message) => message.type === "progress" && this.#showProgress(first, message);
      const end = await this.#kernel.run({ number: cell.number, source, above: [] }, hear);
      if (end.type !== "done" || !end.ok) {
        this.#queue.shift();
        this.#replayFailed(first, cell, end);
        return false;
      }
    }
    this.#lost = false;
    this.#ran = again;
    return true;
  }

  #replayFailed(first, cell, end) {
    if (end.type === "stopped" || end.type === "unavailable") {
      this.#ended(first, end); // the next run tries again
      return;
    }
    this.#ran = [];
    this.#lost = false;
    this.#kernel.stop();
    this.#fail(first, `Cell ${cell.number} failed when it ran again: press Run all above.`);
  }

  /** Run the first cell that waits; say whether the next may run. */
  async #runNext(several) {
    const cell = this.#queue.shift();
    this.#current = cell;
    const { source, number } = cell;
    const above = this.#cells
      .slice(0, this.#cells.indexOf(cell))
      .filter((each) => !this.#ran.some((done) => done.cell === each))
      .map((each) => ({ number: each.number, source: each.source }));
    let failure = null;
    const hear = (message) => {
      if (message.type === "progress") this.#showProgress(cell, message);
      if (message.type === "running") this.#running(cell, several);
      if (message.type === "stream") cell.outputs.stream(message.name, message.text);
      if (message.type === "display") cell.outputs.display(message.data, cell.alt);
      if (message.type === "error") failure = message;
    };
    cell.state = "running";
    cell.markLine(null);
    if (!this.#kernel.started) this.#bar.say("Loading Python.");
    const end = await this.#kernel.run({ number, source, above }, hear);
    if (end.type !== "done") {
      this.#ended(cell, end);
      return false;
    }
    if (cell.hidesErrors) cell.outputs.dropErrors();
    if (failure) {
      this.#showError(cell, failure);
      return false;
    }
    cell.outputs.end();
    this.#remember(cell, source);
    this.#idle(cell, `${duration(end.seconds)} s`);
    if (this.#queue.includes(cell)) this.#wait(cell);
    if (!several) this.#bar.say(`Cell ${number} ran in ${duration(end.seconds)} s.`);
    return true;
  }

  /** Keep what has run. A cell that ran before keeps its place: others may have built on it. */
  #remember(cell, source) {
    const at = this.#ran.findIndex((done) => done.cell === cell);
    if (at < 0) this.#ran.push({ cell, source });
    else this.#ran[at] = { cell, source };
  }

  #running(cell, several) {
    this.#bar.showProgress("");
    cell.outputs.begin();
    cell.note("running");
    if (!several) this.#bar.say(`Cell ${cell.number} is running.`);
  }

  #showError(cell, { summary, line, traceback, hint }) {
    const place = line === null ? "" : ` in line ${line}`;
    const left = this.#queue.length ? " Nothing after it was run." : "";
    cell.outputs.error(traceback, hint);
    cell.outputs.end();
    cell.markLine(line);
    this.#idle(cell, `error${place}`);
    this.#bar.say(`Cell ${cell.number}: error${place}: ${summary.replace(/\.$/, "")}.${left}`);
  }

  /** A run that did not come to an end of its own. */
  #ended(cell, end) {
    this.#lost = this.#ran.length > 0;
    if (end.type === "stopped") {
      cell.outputs.end();
      this.#idle(cell, "stopped");
      this.#bar.say(end.why || `Cell ${cell.number} is stopped. The next Run starts Python anew.`);
    } else if (end.type === "unavailable") {
      this.#fail(cell, `Python could not be loaded: ${end.message}. ${WITHOUT} Run tries again.`);
    } else {
      this.#fail(cell, `Python broke down: ${end.message.replace(/\.$/, "")}. The next Run starts it anew.`);
    }
  }

  #fail(cell, text) {
    this.#idle(cell, "");
    cell.outputs.begin();
    cell.outputs.note(text);
    cell.outputs.end();
    this.#bar.say(text);
  }

  #wait(cell) {
    cell.state = "queued";
    cell.note("queued");
  }

  #idle(cell, note) {
    cell.state = "idle";
    cell.note(note);
  }

  /** Once the first result stands, let the worker fetch what figures will need. */
  #prefetch() {
    if (this.#prefetched) return;
    this.#prefetched = true;
    const later = window.requestIdleCallback ?? ((action) => setTimeout(action, 500));
    later(() => this.#kernel.prefetch(this.#cells.map((cell) => cell.built)));
  }

  async #reset(cell) {
    if (cell === this.#current || this.#queue.includes(cell)) {
      this.stop(cell);
      if (cell === this.#current) await this.#working; // its last words come before
    }
    cell.reset();
    this.#drawBar();
    this.#bar.say(`Cell ${cell.number} is as built.`);
  }

  #undoEdits() {
    for (const cell of this.#cells) {
      if (cell.isEdited) cell.undoEdit();
    }
    this.#drawBar();
    this.#bar.say("All cells have their built text.");
  }

  async #download() {
    const whole = await downloadNotebook(this.#notebook, this.#cells, this.#python);
    this.#bar.say(whole ? "The notebook is saved." : "The notebook is saved, its code alone.");
  }

  #showProgress(cell, message) {
    const text = progressText(message);
    cell.note(`Loading Python: ${text}`);
    this.#bar.showProgress(text);
  }

  #drawBar() {
    this.#bar.hasEdits = this.#cells.some((cell) => cell.isEdited);
  }
}
