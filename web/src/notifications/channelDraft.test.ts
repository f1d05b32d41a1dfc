import { expect, test } from "vitest";
import { isComplete, newDraft, wishOf } from "./channelDraft";
import type { KindFields } from "./shapes";

const FEISHU: KindFields = { kind: "feishu", required: ["address"], optional: ["secret"], example: "" };
const MAIL: KindFields = { kind: "email", required: ["receivers"], optional: [], example: "" };

test("only what the kind takes is sent", () => {
  const draft = { ...newDraft("email", "en"), name: " Mail ", receivers: ["ann@example.com"], address: "https://example.com", sender: "x@example.com" };
  expect(wishOf(draft, MAIL)).toMatchObject({ name: "Mail", address: null, sender: "", receivers: ["ann@example.com"] });
});

test("a secret that was not entered stays, one that is taken away is sent empty", () => {
  const draft = { ...newDraft("feishu", "en"), name: "F", address: "https://open.feishu.cn/x" };
  expect(wishOf(draft, FEISHU)).toMatchObject({ secret: null });
  expect(wishOf({ ...draft, dropsSecret: true }, FEISHU)).toMatchObject({ secret: "" });
});

test("what is kept already need not be entered again", () => {
  const draft = { ...newDraft("feishu", "en"), name: "F" };
  expect(isComplete(draft, FEISHU, true)).toBe(false);
  expect(isComplete(draft, FEISHU, false)).toBe(true);
  expect(isComplete({ ...newDraft("email", "en"), name: "M" }, MAIL, false)).toBe(false);
});
