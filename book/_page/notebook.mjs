// Download the page as a notebook, with the reader's edits in it.

const sourceOf = (cell) => [].concat(cell.source).join("");

/**
 * Put edits into a built notebook: each goes to the cell whose built text it replaces.
 * @param {object} notebook nbformat 4
 * @param {{built: string, source: string}[]} cells those of the page, in order
 */
export function withEdits(notebook, cells) {
  const waiting = [...cells];
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    const at = waiting.findIndex(({ built }) => built.trim() === sourceOf(cell).trim());
    if (at < 0) continue;
    const [{ built, source }] = waiting.splice(at, 1);
    if (source === built) continue;
    cell.source = source.match(/.*\n|.+$/g) ?? [];
    cell.outputs = []; // they were the built text's
    cell.execution_count = null;
  }
  return notebook;
}

/** Make a notebook of the code alone, for when the built one cannot be had. */
export function codeAlone(cells) {
  return {
    cells: cells.map(({ source }, at) => ({
      cell_type: "code",
      execution_count: null,
      id: `cell-${at + 1}`,
      metadata: {},
      outputs: [],
      source: source.match(/.*\n|.+$/g) ?? [],
    })),
    metadata: { kernelspec: { display_name: "Python 3", language: "python", name: "python3" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** Let the cell that installs the package take it from this very site. */
function withWheel(notebook, wheel) {
  for (const cell of notebook.cells) {
    if (!cell.metadata?.tags?.includes("setup")) continue;
    cell.source = sourceOf(cell).replace('WHEEL = ""', `WHEEL = "${wheel.href}"`);
  }
  return notebook;
}

/** Fetch JSON; null if there is none, or no network. */
async function fetchJson(address) {
  try {
    const response = await fetch(address);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/**
 * Save the page's notebook; without the built one the code alone, which is better than nothing.
 * @returns {Promise<boolean>} whether the built notebook could be had
 */
export async function downloadNotebook(address, cells, python) {
  const manifestAt = new URL("manifest.json", python);
  const [built, manifest] = await Promise.all([fetchJson(address), fetchJson(manifestAt)]);
  const notebook = built ? withEdits(built, cells) : codeAlone(cells);
  if (manifest) withWheel(notebook, new URL(manifest.packages, python));
  const blob = new Blob([`${JSON.stringify(notebook, null, 1)}\n`], { type: "application/x-ipynb+json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = new URL(address).pathname.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return built !== null;
}
