import { expect, test } from "vitest";
import { admits, parseNetwork } from "./addresses";

test.each(["203.0.113.7", "10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::1", "::ffff:10.0.0.1", "fe80::1:2:3:4"])("%s is a network", (text) => {
  expect(parseNetwork(text)).not.toBeNull();
});

test.each(["", "10.0.0.1/8", "256.0.0.1", "010.0.0.1", "1.2.3", "10.0.0.0/33", "::1::2", "2001:db8::1/32", "12345::", "host", "1.2.3.4/8/8"])(
  "%j is none",
  (text) => {
    expect(parseNetwork(text)).toBeNull();
  },
);

test("an empty list lets everybody in, any other only whom it names", () => {
  expect(admits([], "198.51.100.1")).toBe(true);
  expect(admits(["203.0.113.0/24"], "203.0.113.99")).toBe(true);
  expect(admits(["203.0.113.0/24"], "203.0.114.1")).toBe(false);
  expect(admits(["2001:db8::/32"], "2001:db8:1::5")).toBe(true);
  expect(admits(["2001:db8::/32"], "203.0.113.1")).toBe(false);
  expect(admits(["0.0.0.0/0"], "::1")).toBe(false);
});
