/* Once somebody came in, nothing may be left on the page of whoever was there before. */

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";
import { sessionQuery } from "../../api/session";

/** Goes on as whoever is signed in now. */
export function useEntered(): () => Promise<void> {
  const queries = useQueryClient();
  const router = useRouter();
  return useCallback(async () => {
    const kept = new Set<unknown>([sessionQuery.queryKey[0], "sign-in-methods"]);
    queries.removeQueries({ predicate: (query) => !kept.has(query.queryKey[0]) });
    await queries.resetQueries({ queryKey: sessionQuery.queryKey });
    await router.invalidate();
  }, [queries, router]);
}
