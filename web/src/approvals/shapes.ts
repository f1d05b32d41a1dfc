/* Requests that wait for a person, as the server tells of them. */

import { infiniteQueryOptions } from "@tanstack/react-query";
import { address, request } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];
export type Approval = Schemas["SeenApprovalShape"];
export type ApprovalList = Schemas["ApprovalList"];

/** Open requests alone, or all of them; the newest first. */
export function approvalsQuery(isOpen: boolean) {
  return infiniteQueryOptions({
    queryKey: ["approvals", isOpen ? "open" : "all"],
    queryFn: ({ pageParam, signal }) =>
      request<ApprovalList>(address("/api/approvals", { state: isOpen ? "open" : null, cursor: pageParam, limit: 50 }), { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: isOpen ? 10_000 : false,
  });
}
