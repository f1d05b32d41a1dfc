/* One field of the form that a schema makes; what has no field of its own is written as JSON. */

import { ActionIcon, Button, Select, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useWords } from "../../i18n/language";
import { type Entered, type Fault, kindOf, optionsOf, startOf } from "./entered";
import { isObject, partsOf, resolved, type Schema, typeText } from "./schema";

interface FieldProps {
  name: string;
  schema: Schema;
  root: Schema;
  isRequired: boolean;
  path: string;
  level: number;
  entered: Entered;
  /** Of the whole form, by path. */
  faults: ReadonlyMap<string, Fault>;
  change: (entered: Entered) => void;
}

const textOf = (entered: Entered) => (typeof entered === "string" ? entered : "");

export function ArgumentField(props: FieldProps) {
  const { name, schema, isRequired, path, level, entered, faults, change } = props;
  const t = useWords();
  const fault = faults.get(path);
  const described = typeof schema["description"] === "string" ? schema["description"] : undefined;
  const shared = { label: name, required: isRequired, description: described, error: fault ? t(`tools.fault.${fault}`) : null };
  switch (kindOf(schema, level)) {
    case "object":
      return <ObjectField {...props} />;
    case "array":
      return <ArrayField {...props} />;
    case "choice": {
      const options = (optionsOf(schema) ?? []).map((value) => ({ value, label: /^"(.+)"$/.exec(value)?.[1] ?? value }));
      return <Select size="xs" {...shared} clearable={!isRequired} data={options} value={textOf(entered) || null} onChange={(value) => change(value ?? undefined)} />;
    }
    case "boolean":
      return (
        <Select
          size="xs"
          {...shared}
          clearable={!isRequired}
          data={["true", "false"]}
          value={typeof entered === "boolean" ? String(entered) : null}
          onChange={(value) => change(value === null ? undefined : value === "true")}
        />
      );
    case "number":
      return <TextInput {...shared} inputMode="decimal" placeholder={typeText(schema, props.root)} value={textOf(entered)} onChange={(event) => change(event.currentTarget.value)} />;
    case "string":
      return <Textarea {...shared} autosize minRows={1} maxRows={8} value={textOf(entered)} onChange={(event) => change(event.currentTarget.value || undefined)} />;
    case "json":
      return <Textarea {...shared} autosize minRows={1} maxRows={12} placeholder="JSON" styles={{ input: { fontFamily: "var(--mno-mono)" } }} value={textOf(entered)} onChange={(event) => change(event.currentTarget.value || undefined)} />;
  }
}

export function ObjectField({ name, schema, root, path, level, entered, faults, change }: FieldProps) {
  const given = isObject(entered) ? (entered as Record<string, Entered>) : {};
  const described = typeof schema["description"] === "string" ? schema["description"] : "";
  const fields = partsOf(schema, root).map((part) => (
    <ArgumentField
      key={part.name}
      {...part}
      root={root}
      path={`${path}/${part.name}`}
      level={level + 1}
      entered={given[part.name]}
      faults={faults}
      change={(next) => change({ ...given, [part.name]: next })}
    />
  ));
  if (level === 0) return fields;
  return (
    <fieldset className="argument-group">
      <legend>{name}</legend>
      {described !== "" && <p className="dim">{described}</p>}
      {fields}
    </fieldset>
  );
}

function ArrayField({ name, schema, root, path, level, entered, faults, change }: FieldProps) {
  const t = useWords();
  const items = Array.isArray(entered) ? entered : [];
  const of = resolved(schema["items"], root);
  const described = typeof schema["description"] === "string" ? schema["description"] : "";
  return (
    <fieldset className="argument-group">
      <legend>{name}</legend>
      {described !== "" && <p className="dim">{described}</p>}
      {items.map((each, place) => (
        <div key={place} className="row" style={{ alignItems: "flex-start" }}>
          <div className="grow">
            <ArgumentField
              name={`${name} ${place + 1}`}
              schema={of}
              root={root}
              isRequired
              path={`${path}/${place}`}
              level={level + 1}
              entered={each}
              faults={faults}
              change={(next) => change(items.map((other, at) => (at === place ? next : other)))}
            />
          </div>
          <ActionIcon mt={24} aria-label={`${t("prices.remove")} ${name} ${place + 1}`} onClick={() => change(items.filter((_, at) => at !== place))}>
            <IconX size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button variant="default" style={{ alignSelf: "flex-start" }} leftSection={<IconPlus size={12} />} aria-label={`${t("tools.addItem")} ${name}`} onClick={() => change([...items, startOf(of, root, level + 1)])}>
        {t("tools.addItem")}
      </Button>
    </fieldset>
  );
}
