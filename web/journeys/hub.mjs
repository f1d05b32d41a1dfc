// A hub of one's own, for pictures: `mno serve` over an empty folder that is removed at the end.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("../../", import.meta.url).pathname;
const KEY = "mno_pictures-0123456789-abcdefghijkl";

/** Starts a hub; resolves to its address, sign-in link, an admin key, and a function that ends it. */
export async function startHub() {
  const folder = mkdtempSync(join(tmpdir(), "mno-pictures-"));
  const program = [join(ROOT, ".venv/bin/mno"), "mno"].find((path) => path === "mno" || existsSync(path));
  const child = spawn(program, ["serve"], {
    env: { ...process.env, MNO_DATA_DIR: join(folder, "data"), MNO_PORT: "0", MNO_OTLP_GRPC_PORT: "0", MNO_BOOTSTRAP_API_KEY: KEY },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const printed = await new Promise((resolve, reject) => {
    let text = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`mno serve ended with ${code}: ${text}`)));
    child.stdout.on("data", (data) => {
      text += data;
      if (text.includes("Stop with")) resolve(text);
    });
  });
  return {
    url: /runs at\s+(\S+)/.exec(printed)[1],
    link: /Sign in \(works once\)\s+(\S+)/.exec(printed)[1],
    key: KEY,
    async stop() {
      child.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
