/* A stranger's text with everything in it to be seen: hidden characters by their names. */

import { visibleOf } from "./difference";

export function VisibleText({ text }: { text: string }) {
  return visibleOf(text).map(({ text: piece, isHidden }, place) => (isHidden ? <mark key={place} className="hidden-character">{piece}</mark> : <span key={place}>{piece}</span>));
}
