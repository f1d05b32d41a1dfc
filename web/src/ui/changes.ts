/* What differs between two versions of something that is edited, each part as it reads. */

import type { Changed } from "./Differences";

export interface Part<Thing> {
  key: string;
  title: string;
  text: (thing: Thing) => string;
}

/** The parts that read otherwise than before; a part that reads as nothing has no side of its own. */
export function changesOf<Thing>(before: Thing, after: Thing, parts: readonly Part<Thing>[]): Changed[] {
  return parts.flatMap(({ key, title, text }) => {
    const [was, is] = [text(before), text(after)];
    return was === is ? [] : [{ key, title, before: was || undefined, after: is || undefined }];
  });
}
