import { describe, expect, it } from "vitest";
import { CLIENTS, stepsFor } from "./snippets";

describe.each(CLIENTS)("the snippet for $title", ({ name }) => {
  const text = stepsFor(name, "http://hub:8420", "mno_secret").map((step) => step.text).join("\n");

  it("carries the hub's address and the key", () => {
    expect(text).toContain("http://hub:8420");
    expect(text).toContain("mno_secret");
  });

  it("leaves no hole to fill", () => {
    expect(text).not.toMatch(/undefined|YOUR_|<[a-z-]+>/);
  });
});
