/* What the team's pages ask the server for, under the names that they use. */

import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";
import type { ApiKey } from "../api/types";

type Schemas = components["schemas"];

export type Team = Schemas["TeamShape"];
export type Project = Schemas["ProjectShape"];
export type Consequences = Schemas["ConsequencesShape"];
export type Member = Schemas["MemberShape"];
export type Person = Schemas["PersonRef"];
export type Invitation = Schemas["InvitationShape"];
export type SentInvitation = Schemas["SentInvitationShape"];
export type Group = Schemas["GroupShape"];
export type Role = Schemas["RoleShape"];
export type RoleWish = Required<Schemas["RoleWishShape"]>;
export type Permission = Schemas["PermissionShape"];
export type Grant = Schemas["GrantShape"];
export type GrantWish = Schemas["GrantWishShape"];
export type Explanation = Schemas["ExplanationShape"];
export type Reason = Schemas["ReasonShape"];
export type Level = Schemas["Level"];
export type Effect = Schemas["Effect"];

interface Listed<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/** Everything below this is asked anew after a change of who may do what. */
const TEAM = "team";
const MOST_PAGES = 25;

/** All of a list that is paged, up to what a page of ours can still show. */
async function all<Item>(path: string, query: Record<string, string | number>, signal: AbortSignal): Promise<Item[]> {
  const items: Item[] = [];
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = await request<Listed<Item>>(address(path, { ...query, cursor }), { signal });
    items.push(...found.items);
    if (!found.next_cursor) break;
    cursor = found.next_cursor;
  }
  return items;
}

function listQuery<Item>(name: string, path: string, query: Record<string, string | number> = {}) {
  return queryOptions({ queryKey: [TEAM, name, query], queryFn: ({ signal }) => all<Item>(path, query, signal) });
}

const PAGE = { limit: 200 };

export const teamsQuery = listQuery<Team>("teams", "/api/teams");
export const projectsQuery = listQuery<Project>("projects", "/api/projects");
export const groupsQuery = listQuery<Group>("groups", "/api/groups");
export const rolesQuery = listQuery<Role>("roles", "/api/rbac/roles");
export const permissionsQuery = listQuery<Permission>("permissions", "/api/rbac/permissions");
export const membersQuery = listQuery<Member>("members", "/api/members", PAGE);
export const allKeysQuery = listQuery<ApiKey>("keys", "/api/keys", PAGE);
export const groupMembersQuery = (id: string) => listQuery<Person>("group-members", `/api/groups/${id}/members`, PAGE);
export const grantsOf = (subject: string) => listQuery<Grant>("grants", "/api/grants", { ...PAGE, subject });

/** A change, after which everything that the team's pages show is asked anew. */
export function useTeamChange<Wish, Answer = undefined>(change: (wish: Wish) => Promise<Answer>, done?: (answer: Answer) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (answer) => {
      done?.(answer);
      return Promise.all([
        queries.invalidateQueries({ queryKey: [TEAM] }),
        queries.invalidateQueries({ queryKey: ["session"] }),
        queries.invalidateQueries({ queryKey: ["keys"] }),
      ]);
    },
    // A refusal may mean that somebody else changed it meanwhile.
    onError: () => queries.invalidateQueries({ queryKey: [TEAM] }),
  });
}

/** Goes on in another team or project. Nothing of the one before may stay on the page, so it is loaded anew. */
export async function switchTo(wish: { team_id?: string; project_id?: string }, path: string): Promise<void> {
  await request<undefined>("/api/auth/session", { method: "PUT", json: wish });
  window.location.assign(path);
}
