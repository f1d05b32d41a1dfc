// Fails when a script of the build is larger than 250 kB compressed, or when a page asks another host.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 250_000;
const FOLDER = new URL("../dist/", import.meta.url).pathname;
let failed = false;
for (const file of readdirSync(FOLDER, { recursive: true }).filter((name) => /\.(js|css|html)$/.test(name))) {
  const content = readFileSync(join(FOLDER, file));
  const size = gzipSync(content).length;
  if (size > LIMIT_BYTES) {
    failed = true;
    console.error(`${file}: ${size} bytes compressed, more than ${LIMIT_BYTES}`);
  }
  const outside = content.toString().match(/(?:src|href)=["']https?:|url\(["']?https?:|@import ["']https?:/);
  if (outside) {
    failed = true;
    console.error(`${file} asks another host: ${outside[0]}`);
  }
  if (process.argv.includes("--list")) console.log(`${String(size).padStart(8)}  ${file}`);
}
process.exit(failed ? 1 : 0);
