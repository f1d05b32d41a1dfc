import { describe, expect, it } from "vitest";
import { csvOf } from "./csv";

describe("a table saved as CSV", () => {
  it("quotes what would break a line", () => {
    expect(csvOf([["a,b", 'say "x"', "two\nlines"]])).toBe('"a,b","say ""x""","two\nlines"\r\n');
  });

  it("does not let a name run as a formula, but leaves negative numbers alone", () => {
    expect(csvOf([["=1+1", "@cmd", "-5.2"]])).toBe("'=1+1,'@cmd,-5.2\r\n");
  });
});
