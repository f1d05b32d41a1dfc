/* A QR code, drawn here as one path: its secret goes to no other program. Dark on light in both themes, as cameras want. */

import { encode } from "uqr";
import { useWords } from "../i18n/language";

/** One path over all dark modules, a run of them at a time. */
export function pathOf(modules: readonly (readonly boolean[])[]): string {
  let path = "";
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      path += `M${from} ${y}h${x - from + 1}v1h-${x - from + 1}z`;
    }
  });
  return path;
}

export function QrCode({ text, size = 192 }: { text: string; size?: number }) {
  const t = useWords();
  const { data, size: modules } = encode(text, { ecc: "M", border: 4 });
  return (
    <svg role="img" aria-label={t("totp.qr")} width={size} height={size} viewBox={`0 0 ${modules} ${modules}`} shapeRendering="crispEdges" style={{ borderRadius: 8, flex: "none" }}>
      <rect width={modules} height={modules} fill="#fff" />
      <path d={pathOf(data)} fill="#000" />
    </svg>
  );
}
