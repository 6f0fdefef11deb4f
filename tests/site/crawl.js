// What a visit asks of a page. It is added to every page before the page's own scripts.
(() => {
  const shifts = [];
  const names = new WeakMap(); // a node may have left the page when a shift is reported

  const watch = new PerformanceObserver((list) => list.getEntries().forEach(noteShift));
  watch.observe({ type: "layout-shift", buffered: true });

  function noteShift(entry) {
    if (entry.hadRecentInput) return;
    const moved = entry.sources.map((source) => (source.node ? nameOf(source.node) : "a node"));
    shifts.push({ value: entry.value, moved });
  }

  /** A node as a message names it: tag, id, classes and the beginning of its text. */
  function nameOf(node) {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    if (!element) return "a node";
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].slice(0, 3).map((name) => `.${name}`).join("");
    const text = (element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.localName}${id}${classes}>${text ? ` “${text}”` : ""}`;
  }

  function isVisible(element) {
    return element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })
      && element.getClientRects().length > 0;
  }

  const nextFrame = () => new Promise((done) => requestAnimationFrame(() => done()));

  /** Go through the page once, half a screen at a time, so that what loads late has loaded. */
  async function scrollThrough() {
    const step = Math.floor(innerHeight / 2);
    for (let top = 0; top < document.documentElement.scrollHeight; top += step) {
      scrollTo({ top, behavior: "instant" });
      await nextFrame();
    }
    scrollTo({ top: 0, behavior: "instant" });
    await nextFrame();
  }

  /** Cumulative layout shift so far, and what moved in the three largest. */
  function layoutShift() {
    watch.takeRecords().forEach(noteShift);
    const largest = [...shifts].sort((one, other) => other.value - one.value).slice(0, 3);
    return { total: shifts.reduce((sum, shift) => sum + shift.value, 0), largest };
  }

  /** The innermost elements that stick out of a page that is wider than its window. */
  function overflow() {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const outside = [...document.body.querySelectorAll("*")].filter(
      (element) => isVisible(element) && sticksOut(element) && !isClipped(element),
    );
    const innermost = outside.filter(
      (element) => !outside.some((other) => other !== element && element.contains(other)),
    );
    const found = innermost.map((element) => {
      const right = Math.round(element.getBoundingClientRect().right + scrollX);
      return `${nameOf(element)} ends at ${right} px`;
    });
    return [`the page is ${root.scrollWidth} px wide`, ...found.slice(0, 8)];
  }

  function sticksOut(element) {
    return element.getBoundingClientRect().right + scrollX > document.documentElement.clientWidth + 1;
  }

  function isClipped(element) {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX !== "visible") return true;
    }
    return false;
  }

  /** Every image that is not marked as decoration, with its alternative text. */
  function images() {
    const article = document.querySelector("article") ?? document.body;
    return [...document.querySelectorAll("img, svg")].filter(isContent).map((image) => ({
      name: image.localName === "img" ? image.getAttribute("src") : nameOf(image),
      text: alternativeText(image),
      figure: article.contains(image),
    }));
  }

  function isContent(image) {
    if (image.closest("[aria-hidden=true], svg svg")) return false;
    if (image.matches("[role=presentation], [role=none]")) return false;
    // Inside a control that has words of its own a drawing may be silent: axe asks for the words.
    const control = image.closest("button, a, summary, label");
    return !(control && image.localName === "svg" && image.getAttribute("role") !== "img");
  }

  function alternativeText(image) {
    const labels = (image.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const spoken = labels.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    const own = image.localName === "img" ? image.getAttribute("alt") : null;
    const title = image.localName === "svg" && image.querySelector(":scope > title")?.textContent;
    const inSvg = image.localName !== "svg" || image.getAttribute("role") === "img";
    return inSvg ? (spoken || image.getAttribute("aria-label") || own || title || "").trim() : "";
  }

  /** Serious and critical violations that axe finds, each with the nodes it finds them at. */
  async function violations() {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, impact, nodes }) => nodes.map((node) => {
        const summary = node.failureSummary.replace(/\s+/g, " ").trim();
        return `${id} (${impact}) at ${node.target.join(" ")}: ${summary}`;
      }));
  }

  /** What of a selection shows, by name. */
  function visible(selector) {
    return [...document.querySelectorAll(selector)].filter(isVisible).map(nameOf);
  }

  /** The page's text, block by block, as far as it shows; the figures' own words are theirs. */
  function visibleText() {
    const blocks = document.querySelectorAll(
      "article :is(p, li, dt, h1, h2, h3, h4, pre, td, th, summary, figcaption)",
    );
    return [...blocks]
      .filter((block) => isVisible(block) && !block.closest(".unrolled-figure, .cell-bar, .page-bar"))
      .map((block) => block.innerText.replace(/\s+/g, " ").trim())
      .filter(Boolean);
  }

  /** Pictures of the article that do not show: broken, or without any size. */
  function lostPictures() {
    const pictures = document.querySelectorAll("article img, article .uf-stage svg");
    return [...pictures]
      .filter((picture) => !picture.closest("details:not([open]), .sd-tab-content"))
      .filter((picture) => !isVisible(picture) || picture.naturalWidth === 0)
      .map((picture) => picture.getAttribute("src") ?? nameOf(picture));
  }

  window.crawl = {
    scrollThrough, layoutShift, overflow, images, violations, visible, visibleText, lostPictures,
  };
})();
