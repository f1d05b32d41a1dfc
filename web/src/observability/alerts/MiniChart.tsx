/* A measure against its threshold in the size of a stamp: the line, and the dashes that it crossed. */

import type { AlertPoint } from "./shapes";
import { valueOf } from "./series";

const WIDTH = 200;
const HEIGHT = 48;

export function MiniChart({ points, threshold }: { points: readonly AlertPoint[]; threshold: number }) {
  const values = points.map(valueOf);
  const most = Math.max(threshold * 1.15, ...values.map((value) => value ?? 0));
  const x = (place: number) => (place * WIDTH) / Math.max(values.length - 1, 1);
  const y = (value: number) => HEIGHT - 1 - (value / most) * (HEIGHT - 2);
  const line = values.flatMap((value, place) => (value === null ? [] : [`${x(place).toFixed(1)},${y(value).toFixed(1)}`]));
  return (
    <svg className="mini-chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      {line.length > 0 && <polygon points={`0,${HEIGHT} ${line.join(" ")} ${WIDTH},${HEIGHT}`} fill="var(--mno-accent)" opacity="0.1" />}
      <line x1="0" x2={WIDTH} y1={y(threshold)} y2={y(threshold)} stroke="var(--mno-broken)" strokeDasharray="4 3" vectorEffect="non-scaling-stroke" />
      <polyline points={line.join(" ")} fill="none" stroke="var(--mno-accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
