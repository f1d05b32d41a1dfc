/* The part of the navigation that the session may use. */

import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/session";
import { NAVIGATION } from "./navigation";

export function useNavigation(): typeof NAVIGATION {
  const { data } = useQuery(sessionQuery);
  const held = new Set(data?.permissions);
  return NAVIGATION.map((group) => ({ ...group, pages: group.pages.filter(({ may }) => may === undefined || may.some((each) => held.has(each))) })).filter(
    (group) => group.pages.length > 0,
  );
}
