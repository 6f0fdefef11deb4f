// Small helpers of every page: menus that close, wide boxes that Tab reaches, everything open in print.

import { startHub } from "./hub.mjs";

/** Boxes that scroll sideways where they are too narrow, and what a screen reader calls them. */
const SCROLLING = [
  [".katex-display, div.math", "Formula"],
  [".pst-scrollable-table-container, article table", "Table"],
  [".highlight pre", "Code"],
  [".cell_output .output, .cell_output pre", "Output"],
  [".uf-stage, .unrolled-figure, figure, .svg-figure", "Figure"],
];

/** Let Tab reach a box that overflows, and say what it is; undo it when it fits again. */
function markScrolling(box, name) {
  const style = getComputedStyle(box);
  const canScroll = ["auto", "scroll"].includes(style.overflowX);
  const overflows = canScroll && box.scrollWidth > box.clientWidth + 1;
  if (overflows && !("scrolls" in box.dataset)) {
    const marks = { tabindex: "0", role: "group", "aria-label": `${name}, scrolls sideways` };
    const added = Object.keys(marks).filter((attribute) => !box.hasAttribute(attribute));
    added.forEach((attribute) => box.setAttribute(attribute, marks[attribute]));
    box.dataset.scrolls = added.join(" "); // what was there before stays
  } else if (!overflows && "scrolls" in box.dataset) {
    box.dataset.scrolls.split(" ").filter(Boolean).forEach((added) => box.removeAttribute(added));
    delete box.dataset.scrolls;
  }
}

/** Look at every box that may scroll. */
export function markAllScrolling() {
  for (const [selector, name] of SCROLLING) {
    for (const box of document.querySelectorAll(selector)) {
      markScrolling(box, name);
    }
  }
}

/** Mark once drawn, when fonts arrive and when the width changes. */
function watchScrolling() {
  markAllScrolling();
  document.fonts.ready.then(markAllScrolling);
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(markAllScrolling, 150);
  });
}

/** Close the menus at the top on Escape, on a click elsewhere, and when focus leaves them. */
function watchMenus() {
  const open = () => document.querySelectorAll(".page-menu[open]");
  const closeUnlessIn = (target) => {
    for (const menu of open()) {
      if (!menu.contains(target)) {
        menu.open = false;
      }
    }
  };
  addEventListener("click", (event) => closeUnlessIn(event.target));
  addEventListener("focusin", (event) => closeUnlessIn(event.target));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") {
      return;
    }
    for (const menu of open()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  for (const button of document.querySelectorAll('[data-do="print"]')) {
    button.addEventListener("click", () => print());
  }
}

/** Give focus back that the theme takes from its buttons, so that the keyboard stays where it was. */
function keepFocus() {
  const focusIfLost = (button) => {
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) {
        button.focus();
      }
    });
  };
  const pressed = (event) => {
    const button = event.target.closest?.("button");
    if (button && event.detail === 0) {
      focusIfLost(button); // no pointer: pressed with the keyboard
    }
  };
  addEventListener("click", pressed, true);
  for (const side of ["primary", "secondary"]) {
    const button = document.querySelector(`.${side}-toggle`);
    const dialog = document.getElementById(`pst-${side}-sidebar-modal`);
    if (button && dialog) {
      dialog.addEventListener("close", () => focusIfLost(button));
    }
  }
}

/** Open what is folded while the page is printed. */
function openInPrint() {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open], .page-menu)")];
    for (const box of opened) {
      box.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const box of opened) {
      box.open = false;
    }
  });
}

/** Start every helper. */
/** On the page of search results: excerpts without buttons, or formulas said three times. */
function cleanExcerpts() {
  if (typeof Search === "undefined") {
    return;
  }
  const toText = Search.htmlToText;
  const silent = "annotation, .katex-html, .cell-bar, .page-bar, .uf-controls, nav.contents";
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(silent).forEach((element) => element.remove());
    return toText(page.documentElement.outerHTML, anchor);
  };
}

export function start() {
  cleanExcerpts();
  watchMenus();
  keepFocus();
  watchScrolling();
  openInPrint();
  startHub();
}
