/* Which calls a rule looks at: accepted values by dimension. */

import { ActionIcon, Button, Select, TagsInput, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { dimensionsQuery } from "../../api/session";
import type { Dimensions } from "../../api/types";
import { useWords } from "../../i18n/language";
import { dimensionName } from "../../ui/Filters";
import type { Condition } from "./shapes";

const LOOKED_BACK = { from: "-30d", to: "now" };

interface ConditionsProps {
  conditions: readonly Condition[];
  dimensions: readonly string[];
  set: (conditions: Condition[]) => void;
}

export function Conditions({ conditions, dimensions, set }: ConditionsProps) {
  const t = useWords();
  const { data } = useQuery(dimensionsQuery(LOOKED_BACK));
  const put = (place: number, part: Partial<Condition>) => set(conditions.map((one, at) => (at === place ? { ...one, ...part } : one)));
  const free = dimensions.find((each) => each === "tag:" || !conditions.some(({ dimension }) => dimension === each));
  return (
    <div className="stack" style={{ gap: 8 }}>
      {conditions.map(({ dimension, values }, place) => {
        const isTag = dimension.startsWith("tag:");
        return (
          <div className="condition" key={place}>
            <Select
              aria-label={t("budgets.dimension")}
              value={isTag ? "tag:" : dimension}
              onChange={(next) => put(place, { dimension: next ?? "model", values: [] })}
              data={dimensions.map((each) => ({ value: each, label: each === "tag:" ? t("dimension.tag") : dimensionName(each, t) }))}
              allowDeselect={false}
            />
            {isTag && <TextInput aria-label={t("budgets.tagName")} placeholder={t("budgets.tagName")} value={dimension.slice(4)} onChange={(event) => put(place, { dimension: `tag:${event.currentTarget.value}` })} />}
            <TagsInput size="xs" aria-label={t("budgets.value")} placeholder={values.length === 0 ? t("budgets.value") : ""} acceptValueOnBlur data={knownValues(dimension, data)} value={values} onChange={(next) => put(place, { values: next })} />
            <ActionIcon aria-label={t("prices.remove")} onClick={() => set(conditions.filter((_, at) => at !== place))}>
              <IconTrash size={14} />
            </ActionIcon>
          </div>
        );
      })}
      {free !== undefined && (
        <Button variant="default" leftSection={<IconPlus size={14} />} style={{ alignSelf: "flex-start" }} onClick={() => set([...conditions, { dimension: free, values: [] }])}>
          {t("budgets.addCondition")}
        </Button>
      )}
    </div>
  );
}

function knownValues(dimension: string, known: Dimensions | undefined): string[] {
  if (!known) return [];
  const lists: Record<string, string[]> = {
    model: known.models, provider: known.providers, user: known.users, agent: known.agents, environment: known.environments, api_key: known.api_keys.map(({ id }) => id),
  };
  return lists[dimension] ?? [];
}
