/* One OpenID Connect provider: entered with a test of its address, changed with the difference before it is saved. */

import { Button, Checkbox, Modal, PasswordInput, Select, Textarea, TextInput } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { sessionQuery, useMayInTeam } from "../../api/session";
import type { components } from "../../api/schema";
import { useWords } from "../../i18n/language";
import { type Changed, Differences } from "../../ui/Differences";
import { FailureNote } from "../../ui/State";
import type { Provider } from "../shapes";
import { useStepUp } from "../StepUp";
import { changedFields, checkIssuer, type Draft, draftOf, type Field, NEW_DRAFT, providersQuery, wishOf } from "./queries";

type RoleList = components["schemas"]["RoleList"];

export function EditProvider({ provider, close }: { provider: Provider | null; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const session = useQuery(sessionQuery);
  const before = provider ? draftOf(provider) : NEW_DRAFT;
  const [draft, setDraft] = useState<Draft>(before);
  const [isReviewing, setReviewing] = useState(false);
  const changed = changedFields(before, draft);
  const save = useMutation({
    mutationFn: () =>
      stepUp(() =>
        request<Provider>(provider ? `/api/auth/providers/${provider.id}` : "/api/auth/providers", {
          method: provider ? "PUT" : "POST",
          json: wishOf(draft, provider, session.data?.team.id ?? ""),
        }),
      ),
    onSuccess: async () => {
      close();
      await queries.invalidateQueries({ queryKey: providersQuery.queryKey });
      await queries.invalidateQueries({ queryKey: ["sign-in-methods"] });
    },
  });
  const isComplete = draft.name.trim() !== "" && draft.issuer.trim().length >= 8 && draft.client_id.trim() !== "";
  return (
    <Modal opened onClose={close} size="lg" title={provider ? t("providers.editTitle", { name: provider.name }) : t("providers.add")} closeOnClickOutside={changed.length === 0} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReviewing) save.mutate();
          else setReviewing(true);
        }}
      >
        {isReviewing ? <Review before={before} after={draft} changed={changed} isNew={provider === null} /> : <Fields draft={draft} provider={provider} change={(changes) => setDraft({ ...draft, ...changes })} />}
        {save.isError && <FailureNote error={save.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button
            variant="default"
            onClick={() => {
              if (!isReviewing) close();
              setReviewing(false);
              save.reset();
            }}
          >
            {isReviewing ? t("act.back") : t("act.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={!isComplete || changed.length === 0}>
            {isReviewing ? t("act.save") : t("providers.review")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Fields({ draft, provider, change }: { draft: Draft; provider: Provider | null; change: (changes: Partial<Draft>) => void }) {
  const t = useWords();
  const check = useMutation({ mutationFn: (issuer: string) => checkIssuer(issuer) });
  const mayLetIn = useMayInTeam("grants.write");
  const roles = useQuery({ queryKey: ["roles", "for-providers"], queryFn: ({ signal }) => request<RoleList>("/api/rbac/roles", { signal }), enabled: mayLetIn });
  const session = useQuery(sessionQuery);
  const isElsewhere = provider?.joins_team != null && provider.joins_team !== session.data?.team.id;
  const text = (field: "name" | "client_id" | "scopes", maxLength: number, isRequired = true) => ({
    label: t(`provider.${field}`), value: draft[field], maxLength, required: isRequired, withAsterisk: false, autoComplete: "off",
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => change({ [field]: event.currentTarget.value }),
  });
  return (
    <>
      <TextInput data-autofocus {...text("name", 100)} description={t("provider.nameText")} />
      <div>
        <div className="row" style={{ alignItems: "flex-end" }}>
          <TextInput
            className="grow"
            label={t("provider.issuer")}
            description={provider ? t("provider.issuerFixed") : t("provider.issuerText")}
            placeholder="https://login.example.com"
            type="url"
            required
            withAsterisk={false}
            maxLength={500}
            readOnly={provider !== null}
            value={draft.issuer}
            onChange={(event) => {
              change({ issuer: event.currentTarget.value });
              check.reset();
            }}
          />
          <Button variant="default" loading={check.isPending} disabled={draft.issuer.trim().length < 8} onClick={() => check.mutate(draft.issuer.trim())}>
            {t("providers.test")}
          </Button>
        </div>
        <div aria-live="polite" style={{ marginTop: check.isIdle ? 0 : 8 }}>
          {check.isError && <FailureNote error={check.error} />}
          {check.isSuccess && (
            <div className="notice good">
              <IconCircleCheck size={16} aria-hidden />
              <span className="grow">{t("providers.tested")}</span>
            </div>
          )}
        </div>
      </div>
      <TextInput {...text("client_id", 300)} />
      <PasswordInput size="xs" label={t("provider.client_secret")} description={provider ? t("provider.secretKept") : t("provider.secretText")} autoComplete="new-password" maxLength={2000} visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }} value={draft.client_secret} onChange={(event) => change({ client_secret: event.currentTarget.value })} />
      <TextInput {...text("scopes", 500)} />
      <Textarea label={t("provider.domains")} description={t("provider.domainsText")} placeholder="example.com" autosize minRows={1} maxRows={4} value={draft.domains} onChange={(event) => change({ domains: event.currentTarget.value })} />
      <Checkbox label={t("provider.trusts_email")} description={t("provider.trustsEmailText")} checked={draft.trusts_email} onChange={(event) => change({ trusts_email: event.currentTarget.checked })} />
      <Checkbox label={t("provider.trusts_factor")} description={t("provider.trustsFactorText")} checked={draft.trusts_factor} onChange={(event) => change({ trusts_factor: event.currentTarget.checked })} />
      {mayLetIn && !isElsewhere && (
        <Select
          label={t("provider.joins_role")}
          description={t("provider.joinsText", { team: session.data?.team.name ?? "" })}
          value={draft.joins_role}
          allowDeselect={false}
          data={[{ value: "", label: t("provider.joinsNobody") }, ...(roles.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(value) => change({ joins_role: value ?? "" })}
        />
      )}
      <Checkbox label={t("provider.enabled")} checked={draft.enabled} onChange={(event) => change({ enabled: event.currentTarget.checked })} />
    </>
  );
}

function Review({ before, after, changed, isNew }: { before: Draft; after: Draft; changed: readonly Field[]; isNew: boolean }) {
  const t = useWords();
  const roles = useQuery({ queryKey: ["roles", "for-providers"], queryFn: ({ signal }) => request<RoleList>("/api/rbac/roles", { signal }), enabled: changed.includes("joins_role") });
  const told = (draft: Draft, field: Field): string => {
    const value = draft[field];
    if (typeof value === "boolean") return value ? t("providers.yes") : t("providers.no");
    if (field === "client_secret") return value === "" ? t("providers.secretBefore") : t("providers.secretAfter");
    if (field === "joins_role") return value === "" ? t("provider.joinsNobody") : (roles.data?.items.find(({ id }) => id === value)?.name ?? value);
    return value.trim() || "–";
  };
  const items: Changed[] = changed.map((field) => ({
    key: field,
    title: t(`provider.${field}`),
    ...(isNew ? {} : { before: told(before, field) }),
    after: told(after, field),
  }));
  return <Differences items={items} />;
}
