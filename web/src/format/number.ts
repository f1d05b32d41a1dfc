/* Counts, shares, sizes and durations, written as the language writes them. */

export function formatCount(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}

/** Exact below ten thousand, then "12.3K" ("1.2萬" in Chinese). */
export function formatCompact(value: number, language: string): string {
  if (Math.abs(value) < 10_000) return new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value);
  return new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(value);
}

export function formatShare(part: number, whole: number, language: string): string {
  const share = whole === 0 ? 0 : part / whole;
  const places = share !== 0 && share < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: places, maximumFractionDigits: places }).format(share);
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function formatBytes(bytes: number, language: string): string {
  const step = bytes < 1 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log(bytes) / Math.log(1000)));
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: SIZES[step] ?? "byte",
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: value >= 100 || step === 0 ? 0 : 1,
  }).format(value);
}

/** "820 µs", "34 ms", "1.42 s", "2 min 5 s", "3 h 12 min": two figures at most, units as engineers write them. */
export function formatDuration(milliseconds: number, language: string): string {
  const figure = (value: number, places: number) => new Intl.NumberFormat(language, { maximumFractionDigits: places }).format(value);
  if (milliseconds <= 0) return `0 ms`;
  if (milliseconds < 1) return `${figure(milliseconds * 1000, 0)} µs`;
  if (milliseconds < 1000) return `${figure(milliseconds, milliseconds < 10 ? 1 : 0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) {
    const places = seconds < 10 ? 2 : 1;
    return `${new Intl.NumberFormat(language, { minimumFractionDigits: Number.isInteger(seconds) ? 0 : places, maximumFractionDigits: places }).format(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The change against the period before; null where there was nothing to compare with. */
export function changeOf(now: number, before: number): number | null {
  if (before === 0) return now === 0 ? 0 : null;
  return (now - before) / before;
}

export function formatChange(change: number, language: string): string {
  const size = Math.abs(change);
  // Beyond tenfold a percentage says less than the factor.
  if (change >= 9.995) return `×${formatCompact(Math.round(change + 1), language)}`;
  return new Intl.NumberFormat(language, {
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: size < 0.1 ? 1 : 0,
  }).format(change);
}
