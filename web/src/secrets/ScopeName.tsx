import { useWords } from "../i18n/language";
import { useProjects } from "./projects";
import type { Scope } from "./shapes";

/** Where an entry holds: "Team", "Project Search", "Agent triage in Search". */
export function ScopeName({ scope }: { scope: Scope }) {
  const t = useWords();
  const { names } = useProjects();
  const project = scope.project ? (names.get(scope.project.replace(/^prj_/, "")) ?? scope.project) : "";
  return (
    <span className="mark" title={[t(`level.${scope.level}`), scope.name, project].filter(Boolean).join(" · ")}>
      <span className="cut">{[t(`level.${scope.level}`), scope.name, project].filter(Boolean).join(" · ")}</span>
    </span>
  );
}
