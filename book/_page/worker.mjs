// Python in a thread of its own, so that the page stays alive while a cell computes.
// Messages in: {type: "start" | "run" | "prefetch", …}; messages out: see `post`.
// All files lie in this script's own folder; manifest.json names them and their sizes.

const folder = new URL("./", import.meta.url);
const CORE = ["pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json", "interpreter.py"];
const TITLES = { numpy: "NumPy", matplotlib: "Matplotlib", unrolled: "the book's package" };
const askNetwork = self.fetch.bind(self);

let manifest;
let pyodide;
let interpreter;
let started; // promises, so that each is done once
let matplotlib;
let running; // the page's name for the run that goes on

/** Tell the page: progress, ready, unavailable, running, stream, display, error, done, crashed. */
const post = (message) => self.postMessage(message);

// What is fetched, counted while it arrives

const arriving = new Map(); // file name -> Promise<Response>, asked before Pyodide asks
const progress = { what: "", loaded: 0, total: 0, shown: false, told: 0 };

/** Name a file the way a reader would. */
function title(name) {
  const wheel = /^([A-Za-z0-9_]+)-\d/.exec(name);
  return wheel ? TITLES[wheel[1]] ?? wheel[1] : "the core";
}

function tellProgress() {
  const now = performance.now();
  if (!progress.shown || now - progress.told < 80) return;
  progress.told = now;
  const { what, loaded, total } = progress;
  post({ type: "progress", what, loaded, total });
}

/** Return a stream that counts the bytes going through it. */
function counter(name) {
  return new TransformStream({
    transform(chunk, controller) {
      progress.what = title(name);
      progress.loaded += chunk.byteLength;
      tellProgress();
      controller.enqueue(chunk);
    },
  });
}

/** Ask for a file of the folder; the error of a missing one says which, for the reader. */
async function ask(name) {
  const response = await askNetwork(new URL(name, folder)).catch(() => ({ ok: false }));
  const isPage = response.headers?.get("Content-Type")?.startsWith("text/html");
  if (!response.ok || isPage) { // a network that wants a login answers with its own page
    const status = isPage ? " (a web page came)" : response.status ? ` (${response.status})` : "";
    throw new Error(`file ${name} did not arrive${status}`);
  }
  const body = response.body.pipeThrough(counter(name));
  // The core is compiled while it arrives. All else is read at once: a stream that nobody
  // reads yet would stop the transfer.
  if (!name.endsWith(".wasm")) return new Response(await new Response(body).arrayBuffer());
  return new Response(body, { headers: { "Content-Type": "application/wasm" } });
}

/** Begin to fetch files, all at once; the promise fails with the first that fails. */
function fetchAhead(names) {
  for (const name of names) {
    if (arriving.has(name)) continue;
    progress.total += manifest.files[name] ?? 0;
    const response = ask(name);
    response.catch(() => arriving.delete(name)); // who needs it later asks again
    arriving.set(name, response);
  }
  const all = Promise.all(names.map((name) => arriving.get(name)));
  all.catch(() => {}); // whoever awaits it hears of it
  return all;
}

/** Stand in for fetch: Pyodide gets what is on its way already. */
self.fetch = (resource, options) => {
  const address = new URL(resource instanceof Request ? resource.url : resource, folder);
  if (!address.href.startsWith(folder.href)) return askNetwork(resource, options);
  const name = decodeURIComponent(address.href.slice(folder.href.length));
  const response = arriving.get(name) ?? ask(name);
  arriving.delete(name);
  return response;
};

// Starting

/** Load the core, NumPy and the book's package, as much at the same time as can be. */
async function start() {
  import("./pyodide.asm.js").catch(() => {}); // asked early; Pyodide finds it loaded
  manifest = JSON.parse(await (await ask("manifest.json")).text());
  progress.shown = true;
  progress.loaded = 0;
  const numpy = Object.keys(manifest.files).find((name) => name.startsWith("numpy-"));
  const source = fetchAhead(["interpreter.py"]).then(([response]) => response.text());
  const files = fetchAhead([...CORE, numpy, manifest.packages]);
  // Pyodide may wait for ever for what does not come, so a lost file ends the start.
  await Promise.race([files.then(() => new Promise(() => {})), boot(source)]);
  Object.assign(progress, { shown: false, loaded: 0, total: 0 });
  post({ type: "ready" });
}

async function boot(source) {
  const { loadPyodide } = await import("./pyodide.mjs");
  pyodide = await loadPyodide({
    indexURL: folder.href,
    packages: ["numpy", new URL(manifest.packages, folder).href],
    env: { MPLBACKEND: "AGG" },
  });
  // Where WebAssembly itself ends (a stack too deep, os._exit), no promise ever settles.
  pyodide._api.on_fatal = (error) => crashed(running, error);
  pyodide.FS.writeFile("interpreter.py", await source); // into the folder it starts in
  const { Interpreter } = pyodide.pyimport("interpreter");
  interpreter = Interpreter((text) => post({ ...JSON.parse(text), id: running }));
}

// Matplotlib, only where a cell draws

/** Return the wheels of a package and of what it needs, those already loaded left out. */
function wheels(name, lock) {
  if (name in pyodide.loadedPackages) return [];
  const { file_name: file, depends } = lock.packages[name];
  return [file, ...depends.flatMap((other) => wheels(other, lock))];
}

async function fetchMatplotlib() {
  const lock = await (await ask("pyodide-lock.json")).json();
  await fetchAhead([...new Set(wheels("matplotlib", lock))]);
}

async function loadMatplotlib() {
  progress.shown = true;
  await fetchMatplotlib();
  post({ type: "progress", what: "Matplotlib, installing" });
  await pyodide.loadPackage("matplotlib", { messageCallback() {} });
  progress.shown = false;
}

// Running

async function run({ id, number, source, above }) {
  running = id;
  if (interpreter.needs_matplotlib(source)) {
    matplotlib ??= loadMatplotlib();
    await matplotlib;
  }
  post({ type: "running", id });
  const began = performance.now();
  const ok = await interpreter.run(number, source, JSON.stringify(above));
  post({ type: "done", id, ok, seconds: (performance.now() - began) / 1000 });
}

/** Fetch Matplotlib's files in idle time, if some cell of the page is going to draw. */
async function prefetch({ sources }) {
  if (!matplotlib && interpreter.needs_matplotlib(sources.join("\n"))) await fetchMatplotlib();
}

/** Files that do not arrive make Python unavailable; the page starts a new worker to try again. */
const unavailable = (error) => post({ type: "unavailable", message: error.message });

/** Say what ended Python: of a whole traceback its last line. */
function crashed(id, error) {
  const message = String(error.message).trim().split("\n").pop().slice(0, 300);
  post({ type: "crashed", id, message });
}

self.onmessage = async ({ data }) => {
  started ??= start();
  try {
    await started;
    await matplotlib;
  } catch (error) {
    unavailable(error);
    return;
  }
  if (data.type === "prefetch") await prefetch(data).catch(() => {});
  if (data.type === "run") {
    try {
      await run(data);
    } catch (error) {
      if (/did not arrive/.test(error.message)) unavailable(error);
      else crashed(data.id, error);
    }
  }
};
