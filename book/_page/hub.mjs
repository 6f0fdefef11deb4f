// "JupyterHub…": asks for the reader's hub once, keeps its address, and opens the page there.

const KEY = "unrolled-hub";

/** Return the address of a hub with its closing slash, or null if it is none. */
export function hubAddress(text) {
  try {
    const url = new URL(text.trim());
    if (!["http:", "https:"].includes(url.protocol)) {
      return null;
    }
    url.search = url.hash = "";
    // People copy the address bar: the hub's own pages stand below its root.
    return url.href.replace(/\/?(hub|user)(\/.*)?$/, "").replace(/\/?$/, "/");
  } catch {
    return null;
  }
}

function keptAddress() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function keepAddress(address) {
  try {
    localStorage.setItem(KEY, address);
  } catch {
    // Storage may be forbidden; then the dialog asks again.
  }
}

/** Connect the menu's item with the dialog. */
export function startHub() {
  const dialog = document.getElementById("hub-dialog");
  if (!dialog) {
    return;
  }
  const input = dialog.querySelector("input");
  const problem = dialog.querySelector("#hub-problem");

  document.querySelector('[data-do="hub"]')?.addEventListener("click", () => {
    input.value = keptAddress();
    problem.textContent = "";
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    const address = hubAddress(input.value);
    if (!address) {
      event.preventDefault();
      problem.textContent = "This is no web address: it starts with https:// or http://.";
      input.focus();
      return;
    }
    keepAddress(address);
    open(address + dialog.dataset.query, "_blank", "noopener");
  });
}
