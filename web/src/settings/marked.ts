/* A text cut into what stays and what redaction finds in it. */

export interface Found {
  rule: string;
  /** In code points, as the server counts; JavaScript's own index counts halves of a character. */
  start: number;
  end: number;
  replacement: string;
}

export interface Piece {
  text: string;
  found: Found | null;
}

export function piecesOf(text: string, found: readonly Found[]): Piece[] {
  const points = Array.from(text);
  const pieces: Piece[] = [];
  let at = 0;
  for (const one of [...found].sort((left, right) => left.start - right.start)) {
    if (one.start < at) continue;
    if (one.start > at) pieces.push({ text: points.slice(at, one.start).join(""), found: null });
    pieces.push({ text: points.slice(one.start, one.end).join(""), found: one });
    at = one.end;
  }
  if (at < points.length) pieces.push({ text: points.slice(at).join(""), found: null });
  return pieces;
}
