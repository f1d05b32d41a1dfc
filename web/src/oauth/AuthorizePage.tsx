/* Where a client sends the browser of its user: who asks, for what, and where the answer goes. Nothing is given without a click. */

import { Button } from "@mantine/core";
import { IconPlugConnected, IconShieldExclamation } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { Problem, request } from "../api/client";
import { sessionQuery } from "../api/session";
import type { Session } from "../api/types";
import { useWords } from "../i18n/language";
import { Front } from "../identity/sign_in/Front";
import { here } from "../identity/sign_in/methods";
import { SignInPanel } from "../identity/sign_in/SignInPanel";
import type { Search } from "../shell/address";
import { PlaceSwitch } from "../shell/PlaceSwitch";
import { Failure, FailureNote, State } from "../ui/State";
import "./oauth.css";
import { askedIn, type Authorization, authorizationQuery, targetOf } from "./queries";

export default function AuthorizePage() {
  const t = useWords();
  const session = useQuery(sessionQuery);
  const isSignedOut = session.error instanceof Problem && session.error.status === 401;
  if (isSignedOut || (session.data && !session.data.user)) {
    return (
      <Front title={t("signIn.title")} text={t("oauth.signInFirst")}>
        <SignInPanel />
      </Front>
    );
  }
  if (session.isError) return <Front title={t("oauth.title")}><Failure error={session.error} retry={() => void session.refetch()} /></Front>;
  if (session.isPending) return <Front title={t("oauth.title")}><div aria-busy="true" style={{ minHeight: 200 }} /></Front>;
  return <Asked session={session.data} />;
}

function Asked({ session }: { session: Session }) {
  const t = useWords();
  const search: Search = useSearch({ strict: false });
  const asked = askedIn(search);
  const seen = useQuery(authorizationQuery(asked, `${session.user?.id}/${session.team.id}/${session.project.id}`));
  const decide = useMutation({
    mutationFn: (allow: boolean) =>
      request<{ location: string }>("/api/oauth/authorization", {
        method: "POST",
        json: { request: asked, allow, digest: allow ? seen.data?.digest : "" },
      }),
    onSuccess: ({ location }) => window.location.assign(location),
  });
  if (seen.isError) {
    return (
      <Front title={t("oauth.title")}>
        <div role="alert">
          <State icon={IconShieldExclamation} title={t("oauth.refused")} text={seen.error.message} />
        </div>
      </Front>
    );
  }
  if (!seen.data) return <Front title={t("oauth.title")}><div aria-busy="true" style={{ minHeight: 260 }} /></Front>;
  const name = seen.data.client_name || t("oauth.unnamed");
  const obstacle = seen.data.refusal || (seen.data.missing && t("oauth.mayNot", { permission: seen.data.missing }));
  return (
    <Front title={t("oauth.wants", { client: name })}>
      <Details seen={seen.data} session={session} />
      {obstacle ? (
        <div className="notice attention" role="alert">
          <IconShieldExclamation size={16} aria-hidden />
          <span className="grow">{obstacle}</span>
        </div>
      ) : (
        <p className="dim" style={{ margin: 0 }}>{t("oauth.only")}</p>
      )}
      {decide.isError && <FailureNote error={decide.error} />}
      <div className="stack" style={{ gap: 8 }}>
        {!obstacle && (
          <Button size="sm" leftSection={<IconPlugConnected size={16} />} loading={decide.isPending && decide.variables} disabled={decide.isPending || decide.isSuccess} onClick={() => decide.mutate(true)}>
            {t("oauth.allow")}
          </Button>
        )}
        <Button size="sm" variant="default" loading={decide.isPending && !decide.variables} disabled={decide.isPending || decide.isSuccess} onClick={() => decide.mutate(false)}>
          {t(seen.data.refusal ? "oauth.tell" : "oauth.refuse")}
        </Button>
      </div>
    </Front>
  );
}

function Details({ seen, session }: { seen: Authorization; session: Session }) {
  const t = useWords();
  const target = targetOf(seen.redirect_uri);
  const isDocument = seen.client_id.startsWith("https://");
  const server = seen.audience.split("/")[2];
  return (
    <dl className="pairs">
      <dt>{t("oauth.client")}</dt>
      <dd>
        <span className="mono">{isDocument ? seen.client_id : seen.client_uri || seen.client_id}</span>
        {!isDocument && <div className="faint">{t("oauth.ownWords")}</div>}
      </dd>
      <dt>{t("oauth.answer")}</dt>
      <dd>
        <b>{t(`oauth.to.${target.kind}`, { name: target.name })}</b>
        <div className="mono faint">{seen.redirect_uri}</div>
      </dd>
      {!seen.refusal && (
        <>
          <dt>{t("oauth.may")}</dt>
          <dd>{server ? t("oauth.callOf", { server }) : t("oauth.callAll")}</dd>
        </>
      )}
      <dt>{t("oauth.as")}</dt>
      <dd className="cut">{session.user?.email || session.user?.name}</dd>
      <dt>{t("oauth.in")}</dt>
      <dd className="oauth-place"><PlaceSwitch session={session} goOn={here()} /></dd>
    </dl>
  );
}
