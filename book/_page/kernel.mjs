// The page's side of worker.mjs: start, run one cell at a time, stop.

/** Tell whether this browser can run the worker: WebAssembly, and modules in workers. */
export function canRunPython() {
  let asksForType = false;
  const options = { get type() { asksForType = true; return "module"; } };
  try {
    new Worker("data:text/javascript,", options).terminate();
  } catch {
    // The answer is in what it asked for.
  }
  return asksForType && typeof WebAssembly === "object";
}

export class Kernel {
  #folder;
  #worker = null;
  #finish = null; // ends the run that goes on
  #listen = () => {};
  #lastId = 0;

  /** @param {URL} folder where worker.mjs and its files lie */
  constructor(folder) {
    this.#folder = folder;
  }

  get started() {
    return this.#worker !== null;
  }

  /**
   * Run a cell; `listen` gets each message on the way.
   * @returns {Promise<{type: "done" | "unavailable" | "crashed" | "stopped"}>} how it ended
   */
  run({ number, source, above }, listen) {
    this.#worker ??= this.#start();
    this.#listen = listen;
    this.#lastId += 1;
    this.#worker.postMessage({ type: "run", id: this.#lastId, number, source, above });
    return new Promise((resolve) => { this.#finish = resolve; });
  }

  /** Let the worker fetch, in idle time, what these cells are going to need. */
  prefetch(sources) {
    this.#worker?.postMessage({ type: "prefetch", sources });
  }

  /** End Python at once, and what ran in it; `why` is handed to whoever waits for a run. */
  stop(why = "") {
    this.#end({ type: "stopped", why });
  }

  #start() {
    const worker = new Worker(new URL("worker.mjs", this.#folder), { type: "module" });
    worker.onmessage = ({ data }) => {
      if (worker === this.#worker) this.#hear(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const message = event.message || "file worker.mjs did not arrive";
      if (worker === this.#worker) this.#end({ type: "unavailable", message });
    };
    return worker;
  }

  #hear(message) {
    if (message.type === "done") this.#resolve(message);
    else if (message.type === "unavailable" || message.type === "crashed") this.#end(message);
    else this.#listen(message);
  }

  #end(message) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#resolve(message);
  }

  #resolve(message) {
    const finish = this.#finish;
    this.#finish = null;
    finish?.(message);
  }
}
