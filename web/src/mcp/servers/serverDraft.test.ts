import { expect, test } from "vitest";
import type { Server } from "../shapes";
import { changeOf, draftOf, environmentOf, isComplete, needsCredential, wishOf } from "./serverDraft";

const NEW = draftOf(null);
const KEPT: Server = {
  id: "mcs_1", name: "weather", prefix: "weather", transport: "http", address: "https://a.example.com/mcp", command: "", args: [], env_names: [], folder: "", document_digest: "",
  credential_kind: "bearer", credential_scope: "team", oauth_client_id: "", oauth_scopes: "", header: "", description: "", tags: ["a"],
  timeout_s: 60, calls_per_minute: null, concurrent_calls: 100, result_bytes: 1000, enabled: true, created_at: "2026-11-28T00:00:00Z",
};

test("what is not touched is not sent", () => {
  expect(changeOf(KEPT, draftOf(KEPT))).toEqual({});
  expect(changeOf(KEPT, { ...draftOf(KEPT), description: " new ", calls_per_minute: "5" })).toEqual({ description: "new", calls_per_minute: 5 });
});

test("what stands before the tools is the name, a word of its own, or nothing", () => {
  expect(wishOf({ ...NEW, name: "weather" }).prefix).toBeNull();
  expect(changeOf(KEPT, { ...draftOf(KEPT), prefix_kind: "none" })).toEqual({ prefix: "" });
  expect(changeOf(KEPT, { ...draftOf(KEPT), prefix_kind: "own", prefix: "w" })).toEqual({ prefix: "w" });
  const bare = { ...KEPT, prefix: "" };
  expect([draftOf(bare).prefix_kind, changeOf(bare, { ...draftOf(bare), prefix_kind: "name" })]).toEqual(["none", { prefix: null }]);
  expect(["", "under_score", "w"].map((prefix) => isComplete({ ...draftOf(KEPT), prefix_kind: "own", prefix }, KEPT))).toEqual([false, false, true]);
});

test("a credential is asked for again where it would go elsewhere", () => {
  const draft = draftOf(KEPT);
  expect([needsCredential(draft, KEPT), isComplete(draft, KEPT)]).toEqual([false, true]);
  for (const other of [{ address: "https://b.example.com/mcp" }, { credential_kind: "header" as const, header: "x-key" }]) {
    expect(needsCredential({ ...draft, ...other }, KEPT)).toBe(true);
    expect(isComplete({ ...draft, ...other, credential: "c" }, KEPT)).toBe(true);
  }
});

test("nobody enters a credential for what each user brings or consents to", () => {
  const named = { ...NEW, name: "a", address: "https://a.example.com" };
  expect(isComplete({ ...named, credential_kind: "oauth" }, null)).toBe(true);
  expect(isComplete({ ...named, credential_kind: "bearer", credential_scope: "user" }, null)).toBe(true);
  expect(isComplete({ ...named, credential_kind: "bearer" }, null)).toBe(false);
});

test("each kind of server sends what belongs to it and nothing else", () => {
  const program = wishOf({ ...NEW, name: "files", transport: "stdio", command: "npx", args: "-y\n\nserver files", env: "TOKEN=a=b\n", address: "https://left.over" });
  expect(program).toMatchObject({ command: "npx", args: ["-y", "server files"], env: { TOKEN: "a=b" } });
  expect(program).not.toHaveProperty("address");
  const api = wishOf({ ...NEW, name: "pets", transport: "openapi", document_address: "https://a/openapi.json", command: "left" });
  expect(api).toMatchObject({ document_address: "https://a/openapi.json" });
  expect(api).not.toHaveProperty("command");
});

test("a line that is no variable is a fault", () => {
  expect(environmentOf("A=1\nB")).toBeNull();
  expect(environmentOf("")).toEqual({});
});
