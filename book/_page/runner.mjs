// Wake the buttons that stand under the cells, where the site has Python for them.

import { Cell } from "./cells.mjs";
import { openEditor } from "./edit_in_place.mjs";
import { canRunPython } from "./kernel.mjs";
import { Session, WITHOUT } from "./session.mjs";

/** Give the cells of this page their Python, where the site has one. */
export function startRunner(mount) {
  const settings = JSON.parse(document.getElementById("unrolled-page")?.textContent ?? "{}");
  const bar = document.querySelector(".page-bar");
  if (!settings.python || !bar) return;
  if (!canRunPython()) {
    bar.querySelector(".page-buttons").remove();
    bar.querySelector("[role=status]").textContent =
      `This browser is too old to run Python. ${WITHOUT}`;
    bar.style.visibility = "visible";
    return;
  }
  let session = null;
  const parts = { mount, openEditor, act: (...what) => session?.act(...what) };
  const cells = [...document.querySelectorAll(".cell-bar[data-cell]")].map(
    (each) => new Cell(each, parts),
  );
  session = new Session(bar, cells, {
    python: new URL(settings.python, document.baseURI),
    notebook: new URL(settings.notebook, document.baseURI),
  });
  document.documentElement.classList.add("has-python");
}
