// The bar of the page: its buttons, what it says, and how far the loading is.

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Say what is being loaded and how much of it is here. */
export function progressText({ what, loaded, total }) {
  return total ? `${what}, ${megabytes(loaded)} of ${megabytes(total)} MB` : what;
}

export class PageBar {
  #bar;
  #progress;
  #status;

  /**
   * @param {Element} bar
   * @param {(action: string) => void} act hears of a button
   */
  constructor(bar, act) {
    this.#bar = bar;
    this.#progress = bar.querySelector(".page-progress");
    this.#status = bar.querySelector("[role=status]");
    for (const button of bar.querySelectorAll("[data-act]")) {
      button.addEventListener("click", (event) => {
        if (event.detail < 2) act(button.dataset.act); // a double click means it once
      });
    }
  }

  /** Say something once; a screen reader reads it out when it is free. */
  say(text) {
    this.#status.textContent = text;
  }

  /** Show progress where it is seen but not read out. */
  showProgress(text) {
    this.#progress.hidden = !text;
    this.#progress.textContent = text;
  }

  set hasEdits(has) {
    const button = this.#bar.querySelector('[data-act="undo-edits"]');
    const hadFocus = document.activeElement === button;
    button.disabled = !has;
    if (hadFocus && !has) button.previousElementSibling.focus(); // a disabled button has none
  }
}
