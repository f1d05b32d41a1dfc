/* How the hub shows a server who it is: with a secret, or with access that is consented to; one for all, or each their own. */

import { PasswordInput, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useWords } from "../../i18n/language";
import { FIELDS } from "../../ui/EditDialog";
import type { Server } from "../shapes";
import { type Draft, holdsSecret, needsCredential } from "./serverDraft";

const KINDS = ["none", "bearer", "header", "oauth", "client_credentials"] as const;
const SCOPES = ["team", "user"] as const;

interface CredentialProps {
  draft: Draft;
  server: Server | null;
  change: (part: Partial<Draft>) => void;
}

export function Credential({ draft, server, change }: CredentialProps) {
  const t = useWords();
  const kind = draft.credential_kind;
  const isOauth = kind === "oauth" || kind === "client_credentials";
  const isWanted = needsCredential(draft, server);
  return (
    <>
      <Select
        label={t("mcp.credentialKind")}
        allowDeselect={false}
        value={kind}
        onChange={(next) => change({ credential_kind: KINDS.find((each) => each === next) ?? "none" })}
        data={KINDS.map((each) => ({ value: each, label: t(`mcp.credential.${each}`) }))}
      />
      {kind !== "none" && kind !== "client_credentials" && (
        <div>
          <SegmentedControl
            aria-label={t("mcp.credentialOwner")}
            value={draft.credential_scope}
            onChange={(next) => change({ credential_scope: next })}
            data={SCOPES.map((each) => ({ value: each, label: t(`mcp.credentialOwner.${each}`) }))}
          />
          {draft.credential_scope === "user" && <div className="dim" style={{ marginTop: 4, fontSize: 12 }}>{t("mcp.scopeUserText")}</div>}
        </div>
      )}
      {kind === "header" && <TextInput required maxLength={100} label={t("mcp.header")} placeholder="x-api-key" value={draft.header} onChange={(event) => change({ header: event.currentTarget.value })} />}
      {isOauth && (
        <div className="columns" style={{ ...FIELDS, "--least": "220px" } as React.CSSProperties}>
          <TextInput required={kind === "client_credentials"} maxLength={500} label={t("mcp.oauthClient")} description={t(kind === "oauth" ? "mcp.oauthClientText" : "mcp.oauthOwnText")} value={draft.oauth_client_id} onChange={(event) => change({ oauth_client_id: event.currentTarget.value })} />
          <TextInput maxLength={500} label={t("mcp.oauthScopes")} description={t("mcp.oauthScopesText")} value={draft.oauth_scopes} onChange={(event) => change({ oauth_scopes: event.currentTarget.value })} />
        </div>
      )}
      {(holdsSecret(draft) || (kind === "oauth" && draft.oauth_client_id.trim() !== "")) && (
        <PasswordInput
          size="xs"
          required={isWanted}
          autoComplete="new-password"
          maxLength={10_000}
          label={t(isOauth ? "mcp.oauthSecret" : "gateway.credential")}
          description={t(server === null ? "mcp.credentialText" : isWanted ? "mcp.credentialAgain" : "gateway.credentialKept")}
          value={draft.credential}
          onChange={(event) => change({ credential: event.currentTarget.value })}
        />
      )}
    </>
  );
}
