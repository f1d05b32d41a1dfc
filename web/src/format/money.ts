/*
 * Money arrives as text with nine places and stays exact: sums and differences are done on whole
 * nano-units (bigint), and only a chart or a share turns them into a float.
 */

const PLACES = 9;
const NANO = 10n ** BigInt(PLACES);

/** Nano-units of an amount such as "12.345678901"; raises SyntaxError for what is not a decimal number. */
export function nanoOf(amount: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,9})\d*)?$/.exec(amount);
  if (!match) throw new SyntaxError(`Not an amount: ${amount}`);
  const [, sign, whole = "0", fraction = ""] = match;
  const nano = BigInt(whole) * NANO + BigInt(fraction.padEnd(PLACES, "0"));
  return sign ? -nano : nano;
}

export function amountOf(nano: bigint): string {
  const size = nano < 0n ? -nano : nano;
  return `${nano < 0n ? "-" : ""}${(size / NANO).toString()}.${(size % NANO).toString().padStart(PLACES, "0")}`;
}

export function sumOf(amounts: Iterable<string>): string {
  let nano = 0n;
  for (const amount of amounts) nano += nanoOf(amount);
  return amountOf(nano);
}

/** Places that keep about three leading digits of a small amount visible: 0.000123 is not 0.00. */
export function placesFor(size: number): number {
  if (size === 0 || size >= 1) return 2;
  return Math.min(PLACES, Math.max(2, 2 - Math.floor(Math.log10(size))));
}

/** "US$12.35", "$0.000123"; `places` fixes the number of places for a column that must align. */
export function formatMoney(amount: string | number, currency: string, language: string, places?: number): string {
  const value = Number(amount);
  const shown = places ?? placesFor(Math.abs(value));
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: places ?? Math.min(shown, 2),
    maximumFractionDigits: shown,
  }).format(value);
}

/** An amount for the axis of a chart: "$1.2K". */
export function formatMoneyShort(value: number, currency: string, language: string): string {
  const size = Math.abs(value);
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    notation: size >= 10_000 ? "compact" : "standard",
    minimumFractionDigits: size > 0 && size < 10 ? 2 : 0,
    maximumFractionDigits: size >= 100 ? (size >= 10_000 ? 1 : 0) : placesFor(size),
  }).format(value);
}

/** The places that show the smallest of a column's amounts, at most six, so that its decimal points align. */
export function columnPlaces(amounts: readonly (string | null)[]): number {
  let places = 2;
  for (const amount of amounts) {
    const size = Math.abs(Number(amount ?? 0));
    if (size > 0) places = Math.max(places, placesFor(size) - 1);
  }
  return Math.min(places, 6);
}
