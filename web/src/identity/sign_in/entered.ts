/* Once somebody came in, nothing may be left on the page of whoever was there before. */

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";
import { request } from "../../api/client";
import { sessionQuery } from "../../api/session";
import { isLanguageChosen, LANGUAGES, useLanguage } from "../../i18n/language";
import type { ProfileShape } from "../shapes";

/** Goes on as whoever is signed in now: their session, their language where this browser has none yet. */
export function useEntered(): () => Promise<void> {
  const queries = useQueryClient();
  const router = useRouter();
  const { setLanguage } = useLanguage();
  return useCallback(async () => {
    const kept = new Set<unknown>([sessionQuery.queryKey[0], "sign-in-methods"]);
    queries.removeQueries({ predicate: (query) => !kept.has(query.queryKey[0]) });
    if (!isLanguageChosen()) {
      const profile = await request<ProfileShape>("/api/auth/profile").catch(() => null);
      const own = LANGUAGES.find(({ code }) => code === profile?.language);
      if (own) setLanguage(own.code);
    }
    await queries.resetQueries({ queryKey: sessionQuery.queryKey });
    await router.invalidate();
  }, [queries, router, setLanguage]);
}
