/* Signing in with GitHub: the OAuth app's client id (a setting of the hub) and its secret, which is never shown. */

import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/session";
import { useWords } from "../../i18n/language";
import { Differences } from "../../ui/Differences";
import { Card } from "../../ui/Page";
import { Failure, FailureNote } from "../../ui/State";
import { CopyId } from "../../ui/Values";
import type { GithubApp } from "../shapes";
import { useStepUp } from "../StepUp";
import { githubQuery } from "./queries";

export function Github() {
  const t = useWords();
  const app = useQuery(githubQuery);
  const isOn = app.data && app.data.client_id !== "" && app.data.has_secret;
  const isHalf = app.data && !isOn && (app.data.client_id !== "" || app.data.has_secret);
  return (
    <Card title="GitHub" acts={app.data && <span className={isOn ? "mark good" : isHalf ? "mark attention" : "mark"}>{isOn ? t("way.on") : isHalf ? t("github.half") : t("way.off")}</span>}>
      {app.isError && <Failure error={app.error} retry={() => void app.refetch()} />}
      {app.isPending && <div aria-busy="true" style={{ minHeight: 120 }} />}
      {app.data && <App key={`${app.data.client_id} ${String(app.data.has_secret)}`} app={app.data} />}
    </Card>
  );
}

function App({ app }: { app: GithubApp }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const mayWrite = useMay("hub.settings.write");
  const [clientId, setClientId] = useState(app.client_id);
  const [secret, setSecret] = useState("");
  const [isReviewing, setReviewing] = useState(false);
  const isOther = clientId.trim() !== app.client_id;
  const save = useMutation({
    mutationFn: async () => {
      if (secret !== "") await stepUp(() => request<undefined>("/api/auth/github/secret", { method: "PUT", json: { client_secret: secret } }));
      if (isOther) {
        const values = { "github.client_id": clientId.trim() === "" ? null : clientId.trim() };
        await stepUp(() => request("/api/config/system", { method: "PUT", json: { level: "hub", values } }));
      }
    },
    onSuccess: async () => {
      setSecret("");
      setReviewing(false);
      await queries.invalidateQueries({ queryKey: githubQuery.queryKey });
      await queries.invalidateQueries({ queryKey: ["sign-in-methods"] });
      await queries.invalidateQueries({ queryKey: ["settings"] });
    },
  });
  return (
    <form
      className="stack"
      style={{ maxWidth: 560 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReviewing) save.mutate();
        else setReviewing(true);
      }}
    >
      <p className="dim" style={{ margin: 0 }}>{t("github.text")}</p>
      <div>
        <div className="dim" style={{ fontSize: 12 }}>{t("provider.redirect")}</div>
        <CopyId id={app.redirect_uri}><span style={{ overflowWrap: "anywhere" }}>{app.redirect_uri}</span></CopyId>
      </div>
      {isReviewing ? (
        <Differences
          items={[
            ...(isOther ? [{ key: "id", title: t("provider.client_id"), before: app.client_id || "–", after: clientId.trim() || "–" }] : []),
            ...(secret !== "" ? [{ key: "secret", title: t("provider.client_secret"), before: app.has_secret ? t("providers.secretBefore") : "–", after: t("providers.secretAfter") }] : []),
          ]}
        />
      ) : (
        <>
          <TextInput label={t("provider.client_id")} maxLength={200} autoComplete="off" readOnly={!mayWrite} value={clientId} onChange={(event) => setClientId(event.currentTarget.value)} />
          <PasswordInput size="xs" label={t("provider.client_secret")} description={app.has_secret ? t("provider.secretKept") : t("provider.secretText")} maxLength={500} autoComplete="new-password" readOnly={!mayWrite} visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }} value={secret} onChange={(event) => setSecret(event.currentTarget.value)} />
        </>
      )}
      {save.isError && <FailureNote error={save.error} />}
      {mayWrite && (
        <div className="row">
          {isReviewing && <Button variant="default" onClick={() => setReviewing(false)}>{t("act.back")}</Button>}
          <Button type="submit" variant={isReviewing ? "filled" : "default"} loading={save.isPending} disabled={!isOther && secret === ""}>
            {isReviewing ? t("act.save") : t("providers.review")}
          </Button>
        </div>
      )}
    </form>
  );
}
