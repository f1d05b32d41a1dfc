/* A JSON schema as it is read: name, type, what bounds it, what it is for, and what it consists of. */

import { useWords } from "../../i18n/language";
import { boundsOf, MOST_LEVELS, type Part, partsOf, resolved, type Schema, typeOf, typeText } from "./schema";
import { VisibleText } from "./VisibleText";

export function SchemaTree({ schema }: { schema: Schema }) {
  const t = useWords();
  const whole = resolved(schema, schema);
  const parts = partsOf(whole, schema);
  if (parts.length === 0) return <span className="dim">{typeOf(whole) === "object" || typeText(whole, schema) === "" ? t("tools.noArguments") : <code>{typeText(whole, schema)}</code>}</span>;
  return <Parts parts={parts} root={schema} level={0} />;
}

function Parts({ parts, root, level }: { parts: readonly Part[]; root: Schema; level: number }) {
  const t = useWords();
  return (
    <ul className="schema">
      {parts.map(({ name, schema, isRequired }) => {
        const inner = innerOf(schema, root);
        const description = schema["description"];
        return (
          <li key={name}>
            <div className="row wrap" style={{ gap: "2px 8px" }}>
              <code className="schema-name"><VisibleText text={name} /></code>
              <code className="dim">{typeText(schema, root)}</code>
              {isRequired && <span className="mark">{t("tools.required")}</span>}
              {boundsOf(schema).map((bound) => (
                <code key={bound} className="schema-bound">{bound}</code>
              ))}
            </div>
            {typeof description === "string" && <div className="dim schema-text"><VisibleText text={description} /></div>}
            {inner.length > 0 && level < MOST_LEVELS && <Parts parts={inner} root={root} level={level + 1} />}
          </li>
        );
      })}
    </ul>
  );
}

/** What an object consists of, or what the items of a list do. */
function innerOf(schema: Schema, root: Schema): Part[] {
  return partsOf(typeOf(schema) === "array" ? resolved(schema["items"], root) : schema, root);
}
