/* A field for a whole number within bounds; it says what is wrong before anything is sent. */

import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { formatCount } from "../format/number";
import { useLanguage } from "../i18n/language";

/** The number that a text means; null for an empty one, NaN for what is no whole number within the bounds. */
export function wholeNumber(text: string, low: number, high: number): number | null {
  if (text.trim() === "") return null;
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= low && value <= high ? value : Number.NaN;
}

interface WholeNumberProps {
  label: string;
  description?: string;
  placeholder?: string;
  /** What is counted, behind the number. */
  unit?: ReactNode;
  low: number;
  high: number;
  value: string;
  set: (text: string) => void;
}

export function WholeNumber({ label, description, placeholder, unit, low, high, value, set }: WholeNumberProps) {
  const { t, language } = useLanguage();
  const isWrong = Number.isNaN(wholeNumber(value, low, high));
  return (
    <TextInput
      inputMode="numeric"
      label={label}
      description={description}
      placeholder={placeholder}
      rightSection={unit && <span className="dim" style={{ fontSize: 12, paddingInlineEnd: 8 }}>{unit}</span>}
      rightSectionWidth={unit ? "auto" : undefined}
      value={value}
      error={isWrong ? t("settings.fault.range", { low: formatCount(low, language), high: formatCount(high, language) }) : null}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}
