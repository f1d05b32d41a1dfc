import { queryOptions } from "@tanstack/react-query";
import { request } from "../api/client";
import type { ProfileShape } from "./shapes";

export const profileQuery = queryOptions({
  queryKey: ["profile"],
  queryFn: ({ signal }) => request<ProfileShape>("/api/auth/profile", { signal }),
});
