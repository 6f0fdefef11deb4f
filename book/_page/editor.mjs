// CodeMirror for one cell, loaded at the first edit. Colours are the page's own: each kind of
// token gets the class that the built, highlighted text has.

import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorSelection, EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap } from "@codemirror/view";
import { tagHighlighter, tags } from "@lezer/highlight";

const LEAVE = "Escape leaves the editor, then Tab moves on. Shift+Enter runs the cell.";

const pygments = tagHighlighter([
  { tag: tags.keyword, class: "k" },
  { tag: [tags.operatorKeyword, tags.logicOperator], class: "ow" },
  { tag: [tags.bool, tags.null, tags.self], class: "kc" },
  { tag: [tags.string, tags.special(tags.string)], class: "s2" },
  { tag: [tags.number, tags.integer, tags.float], class: "mi" },
  { tag: tags.comment, class: "c1" },
  { tag: tags.function(tags.definition(tags.variableName)), class: "nf" },
  { tag: tags.definition(tags.className), class: "nc" },
  { tag: tags.meta, class: "nd" },
  { tag: [tags.arithmeticOperator, tags.compareOperator, tags.definitionOperator], class: "o" },
]);

// The place of the editor has the page's font and padding; CodeMirror adds none of its own.
const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "inherit" },
  "&.cm-focused": { outline: "none" }, // the frame around it shows the focus
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "inherit" },
  ".cm-content": { padding: "0", caretColor: "currentColor" },
  ".cm-line": { padding: "0" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
});

const markError = StateEffect.define();
const errorLine = StateField.define({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(markError)) return lineMark(transaction.state.doc, effect.value);
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function lineMark(doc, number) {
  if (number === null || number > doc.lines) return Decoration.none;
  const line = Decoration.line({ class: "cell-error-text" });
  return Decoration.set(line.range(doc.line(number).from));
}

/** Make an editor in `place`. */
export function edit(place, { text, label, change, act }) {
  const key = (name, action) => ({ key: name, run: () => { act(action); return true; } });
  const view = new EditorView({
    parent: place,
    doc: text,
    extensions: [
      keymap.of([
        key("Shift-Enter", "run-and-move"),
        key("Mod-Enter", "run"),
        key("Ctrl-Enter", "run"),
        key("Escape", "leave"),
        { key: "Tab", run: insertIndent, shift: indentLess },
        ...defaultKeymap,
        ...historyKeymap,
      ]),
      history(),
      drawSelection(),
      python(),
      indentUnit.of("    "),
      EditorState.tabSize.of(4),
      indentOnInput(),
      bracketMatching(),
      syntaxHighlighting(pygments),
      errorLine,
      look,
      EditorView.contentAttributes.of({
        "aria-label": label,
        "aria-description": LEAVE,
        tabindex: "0",
      }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change(update.state.doc.toString());
      }),
    ],
  });
  return {
    focus(point) {
      const at = point ? view.posAtCoords(point, false) : null;
      if (at !== null) view.dispatch({ selection: { anchor: at } });
      view.focus();
    },
    markLine: (line) => view.dispatch({ effects: markError.of(line) }),
    destroy: () => view.destroy(),
  };
}

/** Tab: indent what is selected, else go to the next multiple of four. */
function insertIndent(view) {
  const { state } = view;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  view.dispatch(
    state.changeByRange(({ from }) => {
      const column = from - state.doc.lineAt(from).from;
      const spaces = " ".repeat(4 - (column % 4));
      const range = EditorSelection.cursor(from + spaces.length);
      return { changes: { from, insert: spaces }, range };
    }),
  );
  return true;
}
