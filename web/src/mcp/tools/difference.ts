/* What differs between two texts, piece by piece (longest common subsequence), and what a reader does not see in one. */

export interface Piece {
  text: string;
  isChanged: boolean;
}

/** Longer texts are shown as changed altogether: comparing takes time with the product of both lengths. */
const MOST_PRODUCT = 4_000_000;

/** Words and what is between them. */
export const wordsOf = (text: string): string[] => text.match(/\s+|[^\s]+/g) ?? [];
/** Lines with their ends. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

export function differenceOf(before: readonly string[], after: readonly string[]): { before: Piece[]; after: Piece[] } {
  const [kept, keptAfter] = commonOf(before, after);
  return { before: piecesOf(before, kept), after: piecesOf(after, keptAfter) };
}

/** The places, in each of both, of what they have in common. */
function commonOf(before: readonly string[], after: readonly string[]): [Set<number>, Set<number>] {
  const width = after.length + 1;
  if (before.length * after.length > MOST_PRODUCT) return [new Set(), new Set()];
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const [kept, keptAfter] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i] === after[j]) {
      kept.add(i++);
      keptAfter.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [kept, keptAfter];
}

function piecesOf(tokens: readonly string[], kept: ReadonlySet<number>): Piece[] {
  const pieces: Piece[] = [];
  const isNew = (place: number) => !kept.has(place);
  tokens.forEach((text, place) => {
    // a blank that two changed words happen to have between them on both sides is no island
    const isChanged = isNew(place) || (text.trim() === "" && isNew(place - 1) && isNew(place + 1));
    const last = pieces.at(-1);
    if (last?.isChanged === isChanged) last.text += text;
    else pieces.push({ text, isChanged });
  });
  return pieces;
}

/** Categories as the hub flags them (pins/comparison.py): format, control, private, unassigned; and what looks empty. */
const HIDDEN = /(?![\n\r\t])(?:[\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Variation_Selector}\u115F\u1160\u2800\u3164\uFFA0]|\u034F|\u17B4|\u17B5)/gu;

/** The text in pieces: what is read, and each hidden character by its name, such as `U+200B`. */
export function visibleOf(text: string): { text: string; isHidden: boolean }[] {
  const pieces: { text: string; isHidden: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) pieces.push({ text: text.slice(from, match.index), isHidden: false });
    pieces.push({ text: `U+${(match[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`, isHidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isHidden: false });
  return pieces;
}

/** The definition's members in a fixed order, so that the order in which a server writes them is no change. */
export function written(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner), 2);
}
