/* Comma-separated values (RFC 4180), and a file from the page. */

function fieldOf(text: string): string {
  // A spreadsheet would run a field that begins like a formula.
  const harmless = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

export function csvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(fieldOf).join(",")).join("\r\n") + "\r\n";
}

export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
