import { expect, test } from "vitest";
import type { Provider } from "../shapes";
import { changedFields, domainsOf, draftOf, NEW_DRAFT, wishOf } from "./queries";

const COMPANY: Provider = {
  id: "idp_1", kind: "oidc", name: "Company", issuer: "https://id.example.com", client_id: "hub", team_id: null, scopes: "openid email",
  trusts_factor: false, trusts_email: false, domains: ["example.com"], joins_team: "team_1", joins_role: "role_1", enabled: true,
  redirect_uri: "https://hub/api/auth/oidc/idp_1/callback", created_at: "2026-11-21T00:00:00Z",
};

test("domains are read however they were typed", () => {
  expect(domainsOf("@Example.com, example.org\nexample.com ;")).toEqual(["example.com", "example.org"]);
  expect(domainsOf("  ")).toEqual([]);
});

test("an untouched form changes nothing and leaves the secret and the team", () => {
  const draft = draftOf(COMPANY);
  expect(changedFields(draft, { ...draft, domains: "example.com  " })).toEqual([]);
  expect(wishOf(draft, COMPANY, "team_2")).toMatchObject({ client_secret: null, joins_team: "team_1", joins_role: "role_1", domains: ["example.com"] });
});

test("another role lets people into the team of the session", () => {
  expect(wishOf({ ...draftOf(COMPANY), joins_role: "role_2" }, COMPANY, "team_2")).toMatchObject({ joins_team: "team_2", joins_role: "role_2" });
  expect(wishOf({ ...draftOf(COMPANY), joins_role: "" }, COMPANY, "team_2")).toMatchObject({ joins_team: null, joins_role: null });
});

test("only what differs is told", () => {
  expect(changedFields(NEW_DRAFT, { ...NEW_DRAFT, name: "Company", enabled: false, client_secret: "s" })).toEqual(["name", "client_secret", "enabled"]);
});
