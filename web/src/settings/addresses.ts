/* IP addresses and networks as the server compares them, so that a page can warn before a list locks its reader out. */

export interface Network {
  version: 4 | 6;
  first: bigint;
  prefix: number;
}

function parseFour(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function groupsOf(text: string): string[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const last = groups.at(-1) ?? "";
  if (last.includes(".")) {
    const four = parseFour(last);
    if (four === null) return null;
    groups.splice(-1, 1, (four >> 16n).toString(16), (four & 0xffffn).toString(16));
  }
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) ? groups : null;
}

function parseSix(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const left = groupsOf(halves[0] ?? "");
  const right = halves.length === 2 ? groupsOf(halves[1] ?? "") : [];
  if (!left || !right) return null;
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** A network or a single address; null for what is neither, and for one with bits behind its prefix. */
export function parseNetwork(text: string): Network | null {
  const [address = "", length, ...rest] = text.trim().split("/");
  if (rest.length > 0) return null;
  const version = address.includes(":") ? 6 : 4;
  const first = version === 6 ? parseSix(address) : parseFour(address);
  const bits = version === 6 ? 128 : 32;
  if (first === null || (length !== undefined && !/^\d{1,3}$/.test(length))) return null;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits || (first & ((1n << BigInt(bits - prefix)) - 1n)) !== 0n) return null;
  return { version, first, prefix };
}

/** Whether a list lets this address in; an empty list lets everybody in. An address that cannot be read is let be. */
export function admits(networks: readonly string[], address: string): boolean {
  const caller = parseNetwork(address);
  if (networks.length === 0 || !caller) return true;
  return networks.some((text) => {
    const network = parseNetwork(text);
    if (network?.version !== caller.version) return false;
    const behind = BigInt((caller.version === 6 ? 128 : 32) - network.prefix);
    return caller.first >> behind === network.first >> behind;
  });
}
