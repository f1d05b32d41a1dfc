/* How long a key works, and from where. */

import { Textarea, TextInput } from "@mantine/core";
import { useWords } from "../i18n/language";

interface KeyBoundsProps {
  until: string;
  setUntil: (until: string) => void;
  ranges: string;
  setRanges: (ranges: string) => void;
  /** The end of a key that was replaced stands. */
  isEndFixed?: boolean;
}

export function KeyBounds({ until, setUntil, ranges, setRanges, isEndFixed = false }: KeyBoundsProps) {
  const t = useWords();
  return (
    <>
      <TextInput
        type="datetime-local"
        label={t("keys.until")}
        description={isEndFixed ? t("keys.untilFixed") : t("keys.untilText")}
        disabled={isEndFixed}
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
      <Textarea
        autosize
        minRows={2}
        maxRows={8}
        label={t("keys.addresses")}
        description={t("keys.addressesText")}
        placeholder={"203.0.113.0/24\n2001:db8::/32"}
        value={ranges}
        onChange={(event) => setRanges(event.currentTarget.value)}
      />
    </>
  );
}
