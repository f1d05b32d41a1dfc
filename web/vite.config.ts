import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env["MNO_URL"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  plugins: [react()],
  server: { port: 8421, proxy: { "/api": { target: server } } },
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  // What is tested are functions without a state of their own: no file needs a process to itself.
  test: { isolate: false, environment: "node", include: ["src/**/*.test.ts"], env: { TZ: "UTC" } },
});
