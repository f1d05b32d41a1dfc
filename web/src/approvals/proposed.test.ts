import { expect, test } from "vitest";
import english from "../i18n/words/en.json";
import { textOf } from "../i18n/language";
import { fieldsOf } from "./proposed";

const t = (word: Parameters<typeof textOf>[2]) => textOf(english, "en", word);

test("known fields are named, unknown ones shown as they are, empty ones left out", () => {
  const fields = fieldsOf(
    { action: "set", project: "0190a1b2-0000-7000-8000-000000000001", scope_name: "", version: 3, ticket: { number: 7 } },
    t,
    new Map([["0190a1b2000070008000000000000001", "Search"]]),
  );
  expect(fields.map(({ key, text }) => [key, text])).toEqual([["action", "Set a value"], ["project", "Search"], ["ticket", '{"number":7}']]);
});
