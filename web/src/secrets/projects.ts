/* The projects of the team, for choosing where something holds and for showing it by name. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "../api/client";
import type { components } from "../api/schema";

type Project = components["schemas"]["ProjectShape"];

const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => request<{ items: Project[] }>("/api/projects", { signal }),
  staleTime: 60_000,
});

export interface Projects {
  items: { value: string; label: string }[];
  /** Names by the hexadecimal part of the id, which is how requests name them. */
  names: ReadonlyMap<string, string>;
}

export function useProjects(): Projects {
  const { data } = useQuery(projectsQuery);
  const all = data?.items ?? [];
  return {
    items: all.filter((project) => project.archived_at === null).map(({ id, name }) => ({ value: id, label: name })),
    names: new Map(all.map(({ id, name }) => [id.replace(/^prj_/, ""), name])),
  };
}
