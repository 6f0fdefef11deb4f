// Makes a figure respond: the markup holds every state that unrolled.figures.base drew, this
// script only chooses among them. One player serves the built page, the page's own Python, and
// (as an anywidget) JupyterLab, Notebook and Binder.

let mounted = 0;

/** Bind the controls of one figure. `report` hears every choice that the reader makes. */
export function mount(root, report = () => {}) {
  const { controls, changes } = JSON.parse(root.querySelector(".uf-data").textContent);
  const at = {};
  root.querySelectorAll("[data-key]").forEach((element) => (at[element.dataset.key] = element));
  const boxes = controls.map(({ name }) => root.querySelector(`[data-control="${name}"]`));
  const chosen = boxes.map(currentIndex);

  function show() {
    for (const [key, attribute, depends, values] of changes) {
      const place = depends.reduce((sum, c) => sum * controls[c].options.length + chosen[c], 0);
      if (attribute === "#") setText(at[key], values[place]);
      else if (at[key].getAttribute(attribute) !== values[place]) at[key].setAttribute(attribute, values[place]);
    }
    controls.forEach(({ name, labels }, c) => {
      root.dataset[name] = labels[chosen[c]];
      writeControl(boxes[c], chosen[c], labels);
    });
  }

  function choose(c, index, byReader) {
    const kept = Math.max(0, Math.min(controls[c].options.length - 1, index));
    if (kept === chosen[c]) return;
    chosen[c] = kept;
    show();
    if (byReader) report(choice());
  }

  const choice = () => Object.fromEntries(controls.map(({ name, options }, c) => [name, options[chosen[c]]]));
  const take = (wanted, byReader = false) =>
    controls.forEach(({ name, options }, c) => {
      if (name in wanted && options.includes(wanted[name])) choose(c, options.indexOf(wanted[name]), byReader);
    });

  mounted += 1;
  boxes.forEach((box, c) => {
    // radio buttons of the same name in another copy of this figure would be one group with these
    box.querySelectorAll("input[type=radio]").forEach((each) => (each.name += `-${mounted}`));
    box.addEventListener("input", () => choose(c, currentIndex(box), true));
    box.querySelectorAll("[data-by]").forEach((button) =>
      button.addEventListener("click", () => choose(c, chosen[c] + Number(button.dataset.by), true)));
  });
  root.querySelectorAll("[data-set]").forEach((element) =>
    element.addEventListener("click", () => take(JSON.parse(element.dataset.set), true)));
  show();
  root.dataset.ready = "true";
  return { take, choice };
}

function currentIndex(box) {
  return Number(box.querySelector("input[type=range], input:checked").value);
}

function writeControl(box, index, labels) {
  const range = box.querySelector("input[type=range]");
  if (!range) {
    box.querySelectorAll("input").forEach((each, place) => (each.checked = place === index));
    return;
  }
  range.value = index;
  range.setAttribute("aria-valuetext", labels[index]);
  box.querySelector("output").textContent = labels[index];
  box.querySelectorAll("[data-by]").forEach((button) => {
    // not `disabled`: a button that loses the focus under the reader's finger cannot be pressed on
    const next = index + Number(button.dataset.by);
    button.setAttribute("aria-disabled", String(next < 0 || next >= labels.length));
  });
}

function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Make every figure inside an element respond, once. */
export function mountAll(parent = document) {
  parent.querySelectorAll(".unrolled-figure:not([data-ready])").forEach((root) => mount(root));
}

/** The anywidget form: `choice` is shared with the kernel. */
function render({ model, el }) {
  el.innerHTML = model.get("html");
  // JupyterLab takes the arrow keys, unless the very element that has the focus says this.
  el.querySelectorAll("input, button").forEach((each) => (each.dataset.lmSuppressShortcuts = "true"));
  const figure = mount(el.firstElementChild, (choice) => {
    model.set("choice", choice);
    model.save_changes();
  });
  figure.take(model.get("choice"));
  const follow = () => figure.take(model.get("choice"));
  model.on("change:choice", follow);
  return () => model.off("change:choice", follow);
}

export default { render };
