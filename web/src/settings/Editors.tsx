/* One editor for each kind of value. What it edits is named by the row around it. */

import { ActionIcon, Button, Checkbox, NumberInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { formatCount } from "../format/number";
import { type Translate, useLanguage, useWords, LANGUAGES } from "../i18n/language";
import type { Fault } from "./drafts";
import { isStrings, patternsOf, type Setting } from "./shapes";

interface EditorProps {
  setting: Setting;
  label: string;
  /** The id of the description. */
  describedBy: string;
  value: unknown;
  disabled: boolean;
  fault: Fault | null;
  change: (value: unknown) => void;
}

const MAX_TEXT_CHARACTERS = 1000;
const DETECTORS = ["provider_key", "email", "phone", "card", "cn_id", "tw_id"] as const;
/** Names of products and protocols, the same in every language. */
const PROPER_NAMES: Readonly<Record<string, string>> = { openai: "OpenAI", anthropic: "Anthropic", gemini: "Gemini", starttls: "STARTTLS", tls: "TLS" };
const PLAIN_CHOICES = ["compatible", "none"] as const;
const UNITS = ["days", "hours", "minutes", "seconds", "tokens", "bytes"] as const;
const MAX_DAYS = 3650;

export function choiceName(choice: string, t: Translate): string {
  if (choice === "") return t("settings.automatic");
  const detector = DETECTORS.find((each) => each === choice);
  if (detector) return t(`settings.detector.${detector}`);
  const plain = PLAIN_CHOICES.find((each) => each === choice);
  if (plain) return t(`settings.choice.${plain}`);
  return PROPER_NAMES[choice] ?? LANGUAGES.find(({ code }) => code === choice)?.name ?? choice;
}

export function unitName(unit: string, t: Translate): string {
  const known = UNITS.find((each) => each === unit);
  return known ? t(`settings.unit.${known}`) : unit;
}

export function useFaultText(): (setting: Setting, fault: Fault | null) => string | null {
  const { t, language } = useLanguage();
  return ({ minimum, maximum }, fault) => {
    if (fault === null) return null;
    if (fault !== "range") return t(`settings.fault.${fault}`);
    return t("settings.fault.range", { low: minimum === null ? "−∞" : formatCount(minimum, language), high: maximum === null ? "∞" : formatCount(maximum, language) });
  };
}

export function Editor(props: EditorProps) {
  const { setting } = props;
  if (setting.name.startsWith("retention.")) return <DaysEditor {...props} />;
  switch (setting.kind) {
    case "boolean":
      return <BooleanEditor {...props} />;
    case "integer":
    case "number":
      return <NumberEditor {...props} />;
    case "choice":
      return <ChoiceEditor {...props} />;
    case "choices":
      return <ChoicesEditor {...props} />;
    case "networks":
    case "hosts":
      return <ListEditor {...props} />;
    case "patterns":
      return <PatternsEditor {...props} />;
    default:
      return <TextEditor {...props} />;
  }
}

function BooleanEditor({ label, describedBy, value, disabled, change }: EditorProps) {
  const t = useWords();
  const isOn = value === true;
  return (
    <Switch
      checked={isOn}
      disabled={disabled}
      label={isOn ? t("settings.on") : t("settings.off")}
      aria-label={label}
      aria-describedby={describedBy}
      onChange={(event) => change(event.currentTarget.checked)}
      styles={{ root: { paddingBlock: 4 } }}
    />
  );
}

function NumberEditor({ setting, label, describedBy, value, disabled, fault, change }: EditorProps) {
  const { t, language } = useLanguage();
  const errorOf = useFaultText();
  const unit = unitName(setting.unit, t);
  const bounds = setting.minimum !== null && setting.maximum !== null ? `${formatCount(setting.minimum, language)} – ${formatCount(setting.maximum, language)}` : "";
  return (
    <NumberInput
      size="xs"
      aria-label={label}
      aria-describedby={describedBy}
      value={typeof value === "number" || typeof value === "string" ? value : ""}
      disabled={disabled}
      allowDecimal={setting.kind === "number"}
      clampBehavior="none"
      step={setting.kind === "number" ? 0.1 : 1}
      thousandSeparator=","
      error={errorOf(setting, fault)}
      description={[bounds, unit].filter(Boolean).join(" ")}
      inputWrapperOrder={["label", "input", "description", "error"]}
      onChange={(next) => change(next)}
    />
  );
}

/** Zero days means for ever, so that is said and not counted. */
function DaysEditor(props: EditorProps) {
  const t = useWords();
  const { setting, label, value, disabled, fault, change } = props;
  const errorOf = useFaultText();
  const isForEver = value === 0;
  return (
    <div className="row wrap">
      <Select
        w={148}
        aria-label={label}
        aria-describedby={props.describedBy}
        disabled={disabled}
        value={isForEver ? "ever" : "days"}
        onChange={(next) => change(next === "ever" ? 0 : 90)}
        data={[
          { value: "ever", label: t("retention.ever") },
          { value: "days", label: t("retention.after") },
        ]}
        allowDeselect={false}
      />
      {!isForEver && (
        <NumberInput
          size="xs"
          w={132}
          aria-label={t("retention.daysOf", { name: label })}
          value={typeof value === "number" || typeof value === "string" ? value : ""}
          disabled={disabled}
          allowDecimal={false}
          allowNegative={false}
          clampBehavior="none"
          suffix={` ${unitName("days", t)}`}
          error={value === "" || (typeof value === "number" && value > MAX_DAYS) ? errorOf(setting, fault) : null}
          onChange={(next) => change(next)}
        />
      )}
    </div>
  );
}

function TextEditor({ label, describedBy, value, disabled, change }: EditorProps) {
  return (
    <TextInput
      aria-label={label}
      aria-describedby={describedBy}
      maxLength={MAX_TEXT_CHARACTERS}
      value={typeof value === "string" ? value : ""}
      disabled={disabled}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

function ChoiceEditor({ setting, label, describedBy, value, disabled, change }: EditorProps) {
  const t = useWords();
  // The empty choice is a value like any other, but a select takes an empty text for none.
  const NONE = "\u0000";
  return (
    <Select
      aria-label={label}
      aria-describedby={describedBy}
      disabled={disabled}
      value={value === "" ? NONE : String(value)}
      data={setting.choices.map((choice) => ({ value: choice === "" ? NONE : choice, label: choiceName(choice, t) }))}
      onChange={(next) => change(next === NONE ? "" : next)}
      allowDeselect={false}
    />
  );
}

function ChoicesEditor({ setting, label, describedBy, value, disabled, change }: EditorProps) {
  const t = useWords();
  const chosen = isStrings(value) ? value : [];
  return (
    <div role="group" aria-label={label} aria-describedby={describedBy} style={{ display: "flex", flexDirection: "column", gap: 8, paddingBlock: 4 }}>
      {setting.choices.map((choice) => (
        <Checkbox
          key={choice}
          label={choiceName(choice, t)}
          checked={chosen.includes(choice)}
          disabled={disabled}
          // In the order of the catalogue, so that the same choice is the same value.
          onChange={(event) => change(setting.choices.filter((each) => (each === choice ? event.currentTarget.checked : chosen.includes(each))))}
        />
      ))}
    </div>
  );
}

function ListEditor({ setting, label, describedBy, value, disabled, fault, change }: EditorProps) {
  const t = useWords();
  const errorOf = useFaultText();
  const isNetworks = setting.kind === "networks";
  const items = isStrings(value) ? value : [];
  return (
    <TagsInput
      size="xs"
      aria-label={label}
      aria-describedby={describedBy}
      value={items}
      disabled={disabled}
      maxTags={200}
      splitChars={[",", " ", "\n", ";"]}
      acceptValueOnBlur
      placeholder={items.length > 0 ? "" : isNetworks ? "203.0.113.0/24" : ".example.com"}
      description={t(isNetworks ? "settings.networksHint" : "settings.hostsHint")}
      inputWrapperOrder={["label", "input", "description", "error"]}
      error={errorOf(setting, fault)}
      onChange={(next) => change(next.map((each) => each.trim()))}
      classNames={{ pill: "mono" }}
    />
  );
}

function PatternsEditor({ setting, label, value, disabled, fault, change }: EditorProps) {
  const t = useWords();
  const errorOf = useFaultText();
  const patterns = patternsOf(value);
  const edit = (index: number, part: Partial<(typeof patterns)[number]>) => change(patterns.map((each, at) => (at === index ? { ...each, ...part } : each)));
  return (
    <div role="group" aria-label={label}>
      {patterns.map((each, index) => (
        <div className="pattern" key={index}>
          <TextInput aria-label={t("settings.patternName")} placeholder={t("settings.patternName")} maxLength={40} value={each.name} disabled={disabled} onChange={(event) => edit(index, { name: event.currentTarget.value })} />
          <TextInput aria-label={t("settings.pattern")} placeholder="EMP-\d{6}" value={each.pattern} disabled={disabled} onChange={(event) => edit(index, { pattern: event.currentTarget.value })} styles={{ input: { fontFamily: "var(--mno-mono)" } }} />
          <TextInput aria-label={t("settings.replacement")} placeholder={t("settings.replacement")} maxLength={100} value={each.replacement} disabled={disabled} onChange={(event) => edit(index, { replacement: event.currentTarget.value })} />
          <ActionIcon disabled={disabled} aria-label={t("settings.patternRemove", { name: each.name || String(index + 1) })} onClick={() => change(patterns.filter((_, at) => at !== index))}>
            <IconX size={14} />
          </ActionIcon>
        </div>
      ))}
      {fault !== null && <div className="broken" style={{ fontSize: 12, marginBottom: 8 }}>{errorOf(setting, fault)}</div>}
      <Button variant="default" disabled={disabled || patterns.length >= 50} leftSection={<IconPlus size={14} />} onClick={() => change([...patterns, { name: "", pattern: "", replacement: "" }])}>
        {t("settings.patternAdd")}
      </Button>
    </div>
  );
}
