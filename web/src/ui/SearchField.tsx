/* The search of a page, kept in the address. `/` jumps to it. */

import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useAddress } from "../shell/address";

const SETTLE_MS = 300;

export function SearchField({ label, width }: { label: string; width: number }) {
  const { value, set } = useAddress();
  const inAddress = value("q");
  const [text, setText] = useState(inAddress);
  const [seen, setSeen] = useState(inAddress);
  if (seen !== inAddress) {
    // A saved view or the back button changed the address under the field.
    setSeen(inAddress);
    if (inAddress !== text.trim()) setText(inAddress);
  }
  const settle = useDebouncedCallback((next: string) => set({ q: next.trim() || undefined }, { replace: true }), SETTLE_MS);
  return (
    <TextInput
      data-page-search
      type="search"
      w={width}
      value={text}
      placeholder={label}
      aria-label={label}
      leftSection={<IconSearch size={14} />}
      onChange={(event) => {
        setText(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}
