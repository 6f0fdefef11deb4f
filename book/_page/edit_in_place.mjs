// Open an editor where a cell's text stands: CodeMirror, or a plain text area without it.

let chunk; // the promise of editor.js, asked for at the first edit

const loadChunk = () => {
  chunk ??= import(new URL("editor.js", import.meta.url).href);
  chunk.catch(() => { chunk = undefined; }); // the next edit asks again
  return chunk;
};

/**
 * @param {HTMLPreElement} pre hidden while the editor is open
 * @param {{text: string, label: string, change: Function, act: Function}} options
 * @returns {Promise<{focus: Function, markLine: Function, close: Function}>}
 */
export async function openEditor(pre, options) {
  const place = document.createElement("div");
  place.className = "cell-editor";
  const style = getComputedStyle(pre);
  place.style.font = style.font;
  place.style.lineHeight = style.lineHeight;
  place.style.padding = style.padding;
  let editor;
  try {
    editor = (await loadChunk()).edit(place, options);
  } catch {
    editor = editPlainly(place, options);
  }
  pre.after(place);
  pre.hidden = true;
  const close = () => {
    editor.destroy();
    place.remove();
    pre.hidden = pre.parentElement.querySelector(".cell-editor") !== null; // a later one
  };
  return { ...editor, close };
}

/** The editor without CodeMirror. */
function editPlainly(place, { text, label, change, act }) {
  const area = document.createElement("textarea");
  area.value = text;
  area.spellcheck = false;
  area.setAttribute("aria-label", label);
  const fit = () => { area.rows = area.value.split("\n").length; };
  area.addEventListener("input", () => { fit(); change(area.value); });
  area.addEventListener("keydown", (event) => {
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    act(action);
  });
  fit();
  place.append(area);
  return { focus: () => area.focus(), markLine() {}, destroy() {} };
}

function keyAction(event) {
  if (event.isComposing) return null;
  if (event.key === "Escape") return "leave";
  if (event.key !== "Enter") return null;
  if (event.shiftKey) return "run-and-move";
  return event.ctrlKey || event.metaKey ? "run" : null;
}
