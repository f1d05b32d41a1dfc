/* Where JSON is pasted or written: CodeMirror, loaded only when it is needed. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { bracketMatching, defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";

interface JsonEditorProps {
  label: string;
  hint: string;
  /** What stands there at first. */
  initial?: string;
  onChange: (text: string) => void;
}

export default function JsonEditor({ label, hint, initial = "", onChange }: JsonEditorProps) {
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(onChange);
  const [first] = useState(initial);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (!element.current) return;
    const lint = jsonParseLinter();
    const view = new EditorView({
      parent: element.current,
      doc: first,
      extensions: [
        lineNumbers(),
        history(),
        json(),
        bracketMatching(),
        syntaxHighlighting(defaultHighlightStyle),
        linter((each) => (each.state.doc.length === 0 ? [] : lint(each))),
        lintGutter(),
        placeholder(hint),
        // Tab leaves the editor, as it leaves any field.
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) latest.current(update.state.doc.toString());
        }),
        EditorView.theme({
          "&": { height: "240px", fontSize: "12px", border: "1px solid var(--mno-line-strong)", borderRadius: "6px", background: "var(--mno-canvas)" },
          ".cm-scroller": { fontFamily: "var(--mno-mono)" },
          ".cm-gutters": { background: "transparent", border: "none", color: "var(--mno-faint)" },
          ".cm-content": { caretColor: "var(--mno-text)" },
          ".cm-tooltip": { background: "var(--mno-surface)", color: "var(--mno-text)", border: "1px solid var(--mno-line-strong)" },
          "&.cm-focused": { outline: "2px solid var(--mno-accent)" },
        }),
      ],
    });
    return () => view.destroy();
  }, [label, hint, first]);
  return <div ref={element} />;
}
