// The reader's own texts of cells, kept in this browser. Storage may be missing or full; then
// edits last as long as the page is open, and nothing else changes.

/** A short hash of a text (FNV-1a, 32 bits). */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  return value.toString(36);
}

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** Name each cell by its built text, and by how often that text came before. */
export function storageKeys(page, sources) {
  const seen = new Map();
  return sources.map((source) => {
    const count = seen.get(source) ?? 0;
    seen.set(source, count + 1);
    return `unrolled:edit:${page}:${hash(source)}:${count}`;
  });
}

export const loadEdit = (key) => attempt(() => localStorage.getItem(key));
export const saveEdit = (key, text) => attempt(() => localStorage.setItem(key, text));
export const dropEdit = (key) => attempt(() => localStorage.removeItem(key));
