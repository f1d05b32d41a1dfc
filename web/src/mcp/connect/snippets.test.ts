import { expect, test } from "vitest";
import { clientsOf, fileOf, snippetOf } from "./snippets";

const reached = { url: "http://hub:8420/mcp", tool: "files_read", args: { path: "it's", deep: [true, null] } };

test("whoever signs in through the browser is given the address and no place for a key", () => {
  for (const client of clientsOf("sign-in")) expect(snippetOf(client, { ...reached, way: "sign-in" })).not.toMatch(/bearer|MNO_KEY/i);
  expect(clientsOf("sign-in")).not.toContain("python");
});

test("with a key every client says where it goes, and none holds one", () => {
  for (const client of clientsOf("key")) expect(snippetOf(client, { ...reached, way: "key" })).toMatch(/Bearer/);
});

test("what goes into a file of JSON is JSON", () => {
  for (const client of clientsOf("key").filter((each) => fileOf(each, "key").endsWith(".json"))) {
    const document = JSON.parse(snippetOf(client, { ...reached, way: "key" })) as Record<string, unknown>;
    expect(JSON.stringify(document)).toContain(reached.url);
  }
});

test("arguments are written as each language has them", () => {
  expect(snippetOf("python", { ...reached, way: "key" })).toContain('"files_read", {"path": "it\'s", "deep": [True, None]}');
  expect(snippetOf("curl", { ...reached, way: "key" })).toContain(String.raw`"it'\''s"`);
});
