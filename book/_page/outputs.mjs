// What stands under a cell: the built output, or in its place what the last run showed.

const REDRAW = 40; // ms in which printed lines are gathered
const PICTURES = ["image/svg+xml", "image/png", "image/jpeg"];
const KINDS = ["text/html", ...PICTURES, "text/plain", "text/markdown"]; // the richest is shown

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Read an SVG text, a whole file or the bare element. */
function readSvg(text) {
  const template = document.createElement("template");
  template.innerHTML = text; // which does without a namespace, unlike an XML parser
  return template.content.querySelector("svg") ?? document.createElement("span");
}

function picture(kind, data, alt) {
  if (kind === "image/svg+xml") {
    const svg = readSvg(data);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", alt);
    svg.removeAttribute("aria-hidden");
    return element("div", "svg-figure", svg); // as in the built page
  }
  const image = element("img", "");
  image.src = `data:${kind};base64,${data}`;
  image.alt = alt;
  return image;
}

/** Apply carriage returns: what follows one overwrites its line. */
function overwrite(text) {
  return text.replace(/\r\n/g, "\n").replace(/^.*\r(?=[^\n])/gm, "").replace(/\r/g, "");
}

/** Printed text, in the markup of the built page. */
function textBox(kind, text) {
  const classes = kind === "stderr" ? "stream stderr" : kind;
  const pre = element("pre", "", text);
  const highlight = element("div", "highlight", pre);
  return element("div", `output ${classes} highlight-myst-ansi notranslate`, highlight);
}

export class Outputs {
  #area;
  #built;
  #mount;
  #fresh = false; // a run has begun and shown nothing yet
  #figureUsed = false;
  #printed = null; // { kind, pre }: where printed text goes on
  #waiting = ""; // printed, not drawn yet
  #timer = 0;

  /**
   * @param {Element} cell
   * @param {Element} bar after it an area is made, if the built cell shows nothing
   * @param {(root: Element) => void} mount wakes a responding figure
   */
  constructor(cell, bar, mount) {
    this.#area = cell.querySelector(".cell_output");
    if (!this.#area) {
      this.#area = element("div", "cell_output docutils container");
      bar.after(this.#area);
    }
    this.#built = [...this.#area.childNodes];
    this.#mount = mount;
    this.#fill(this.#built);
  }

  /** What the built figure says of itself: right for one that the same code draws. */
  get builtAlt() {
    for (const node of this.#built) {
      const drawn = node.querySelector?.("img[alt], svg[role=img]");
      if (drawn) return drawn.getAttribute("alt") ?? drawn.getAttribute("aria-label");
    }
    return "";
  }

  /** A run begins. What stands here stays until there is something new: nothing jumps. */
  begin() {
    this.#forget();
    this.#fresh = true;
  }

  /** A run has ended; one that showed nothing leaves nothing. */
  end() {
    this.#draw();
    if (this.#fresh) this.#fill([]);
    this.#fresh = false;
  }

  /** Put the built output back. */
  reset() {
    this.#forget();
    this.#fresh = false;
    this.#fill(this.#built);
  }

  /** Remove what went to standard error, where the built page leaves it out. */
  dropErrors() {
    this.#draw();
    for (const node of this.#area.querySelectorAll(":scope > .stderr")) node.remove();
  }

  /** Add printed text. */
  stream(name, text) {
    const kind = name === "stderr" ? "stderr" : "stream";
    if (this.#printed?.kind !== kind) {
      this.#draw();
      this.#printed = { kind, pre: null };
    }
    this.#waiting += text;
    this.#timer ||= setTimeout(() => this.#draw(), REDRAW);
  }

  /** Show a value in the richest form that it came in. */
  display(data, alt) {
    this.#endPrinted();
    const kind = KINDS.find((each) => each in data);
    if (PICTURES.includes(kind)) {
      const drawn = picture(kind, data[kind], alt);
      if (!this.#intoFigure(drawn)) this.#put(drawn);
    } else if (kind === "text/html") {
      const html = element("div", "output text_html");
      html.innerHTML = data[kind];
      if (!this.#intoFigure(html)) this.#put(html);
      for (const root of html.querySelectorAll(".unrolled-figure")) this.#mount(root);
    } else if (kind) {
      this.#put(textBox("text_plain", data[kind]));
    }
  }

  /** Show what went wrong, and what may help. */
  error(traceback, hint) {
    this.#endPrinted();
    this.#put(textBox("traceback", traceback));
    if (hint) this.note(hint);
  }

  /** Say something under the cell; `code` in backticks. */
  note(text) {
    const parts = text.split("`").map((part, at) => (at % 2 ? element("code", "", part) : part));
    this.#put(element("p", "cell-hint", ...parts));
  }

  /** Put a drawing into the built figure, under whose caption and anchor it belongs. */
  #intoFigure(drawn) {
    const built = this.#built.find((node) => node.matches?.("figure"));
    if (!built || this.#figureUsed) return false;
    this.#figureUsed = true;
    const figure = built.cloneNode(true);
    for (const node of [...figure.childNodes]) {
      if (!node.matches?.("figcaption")) node.remove();
    }
    figure.prepend(drawn);
    this.#put(figure);
    return true;
  }

  #put(node) {
    if (this.#fresh) this.#fill([]);
    this.#fresh = false;
    this.#area.hidden = false;
    this.#area.append(node);
  }

  #fill(nodes) {
    this.#area.replaceChildren(...nodes);
    this.#area.hidden = !this.#area.childElementCount;
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#waiting) return;
    if (!this.#printed.pre) {
      const box = textBox(this.#printed.kind, "");
      this.#printed.pre = box.querySelector("pre");
      this.#put(box);
    }
    const { pre } = this.#printed;
    pre.textContent = overwrite(pre.textContent + this.#waiting);
    this.#waiting = "";
  }

  #endPrinted() {
    this.#draw();
    this.#printed = null;
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#waiting = "";
    this.#printed = null;
    this.#figureUsed = false;
  }
}
