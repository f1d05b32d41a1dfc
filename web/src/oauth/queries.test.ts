import { expect, test } from "vitest";
import { askedIn, targetOf } from "./queries";

test("a parameter that comes twice counts as none", () => {
  const asked = askedIn({ client_id: "oac_1", redirect_uri: ["https://a.example/cb", "https://b.example/cb"] });
  expect(asked.client_id).toBe("oac_1");
  expect(asked.redirect_uri).toBe("");
  expect(asked.state).toBe("");
});

test("where an answer goes is told by what a person recognises", () => {
  expect(targetOf("https://app.example.com:8443/cb")).toEqual({ kind: "site", name: "app.example.com:8443" });
  expect(targetOf("http://localhost:3030/cb")).toEqual({ kind: "computer", name: "localhost" });
  expect(targetOf("cursor://anysphere/cb")).toEqual({ kind: "app", name: "cursor" });
});
