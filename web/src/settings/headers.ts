/* Headers as people write them: one a line, a colon between name and value. */

/** By name; null where a line has no colon, no name, or a name stands twice. */
export function headersOf(text: string): Record<string, string> | null {
  const found = new Map<string, string>();
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim();
    if (colon < 1 || name === "" || found.has(name)) return null;
    found.set(name, line.slice(colon + 1).trim());
  }
  return Object.fromEntries(found);
}
