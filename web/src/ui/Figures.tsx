/* A strip of figures: name, value, change, and a small line of how it came about. */

import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";

interface FigureProps {
  name: ReactNode;
  value: ReactNode;
  note?: ReactNode;
  spark?: readonly (number | null)[];
  /** A figure that can be chosen is a button. */
  chosen?: boolean;
  onChoose?: () => void;
  pending?: boolean;
}

export function Figures({ compact = false, children }: { compact?: boolean; children: ReactNode }) {
  return <div className={compact ? "figures compact" : "figures"}>{children}</div>;
}

export function Figure({ name, value, note, spark, chosen, onChoose, pending = false }: FigureProps) {
  const content = (
    <>
      <span className="figure-name">{name}</span>
      <span className="figure-value">{pending ? <Skeleton height={20} width={88} my={6} /> : value}</span>
      {note !== undefined && <span className="figure-note">{pending ? <Skeleton height={10} width={64} /> : note}</span>}
      {spark && <Spark values={spark} />}
    </>
  );
  return onChoose ? (
    <button type="button" className="figure" aria-pressed={chosen} onClick={onChoose}>
      {content}
    </button>
  ) : (
    <div className="figure">{content}</div>
  );
}

const WIDTH = 100;
const HEIGHT = 24;

function Spark({ values }: { values: readonly (number | null)[] }) {
  const most = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map((value, index) => `${(index * step).toFixed(2)},${(HEIGHT - 1 - ((value ?? 0) / most) * (HEIGHT - 2)).toFixed(2)}`);
  return (
    <svg className="figure-spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      <polygon points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} fill="var(--mno-accent)" opacity="0.08" />
      <polyline points={points.join(" ")} fill="none" stroke="var(--mno-accent)" strokeWidth="1.25" vectorEffect="non-scaling-stroke" opacity="0.85" />
    </svg>
  );
}
