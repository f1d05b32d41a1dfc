/* Where the link of an invitation leads: what it offers, and the ways to accept it. */

import { Button } from "@mantine/core";
import { IconMailOff } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { address, Problem, request } from "../../api/client";
import { sessionQuery } from "../../api/session";
import type { Session } from "../../api/types";
import { formatDate } from "../../format/time";
import { useLanguage, useWords } from "../../i18n/language";
import type { Search } from "../../shell/address";
import { roleText } from "../../team/words";
import { Failure, FailureNote, State } from "../../ui/State";
import type { Accepted, Offer } from "../shapes";
import { useEntered } from "../sign_in/entered";
import { Front } from "../sign_in/Front";
import { SignInPanel } from "../sign_in/SignInPanel";
import { mayBeFor } from "./masked";
import { NewAccount } from "./NewAccount";

export default function InvitationPage() {
  const t = useWords();
  const search: Search = useSearch({ strict: false });
  const token = typeof search["token"] === "string" ? search["token"] : "";
  const offer = useQuery({
    queryKey: ["invitation", token],
    queryFn: ({ signal }) => request<Offer>(address("/api/invitations/offer", { token }), { signal }),
    enabled: token !== "",
    staleTime: Infinity,
  });
  const session = useQuery(sessionQuery);
  // Spending the link makes the offer disappear; who joins stays with what they saw.
  const [isJoining, setJoining] = useState(false);

  if (token === "") return <Front title={t("invitation.title")}><FailureNote error={new Error(t("link.incomplete"))} /></Front>;
  if (offer.isError && !isJoining) return <Refused error={offer.error} retry={() => void offer.refetch()} />;
  if (!offer.data || session.isPending) return <Front title={t("invitation.title")}><div aria-busy="true" style={{ minHeight: 200 }} /></Front>;
  const signedIn = session.data?.user ? session.data : null;
  return (
    <Front title={t("invitation.join", { team: offer.data.team })}>
      <Offered offer={offer.data} />
      {isJoining || (!signedIn && !offer.data.sign_in) ? (
        <NewAccount token={token} onBegin={() => setJoining(true)} />
      ) : signedIn ? (
        <AsMember token={token} offer={offer.data} session={signedIn} />
      ) : (
        <>
          <p style={{ margin: 0 }}>{t("invitation.signInFirst", { address: offer.data.address })}</p>
          <SignInPanel />
        </>
      )}
    </Front>
  );
}

function Offered({ offer }: { offer: Offer }) {
  const { t, language } = useLanguage();
  return (
    <dl className="pairs">
      <dt>{t("nav.team")}</dt>
      <dd>{offer.team}</dd>
      {offer.project !== null && (
        <>
          <dt>{t("dimension.project")}</dt>
          <dd>{offer.project}</dd>
        </>
      )}
      <dt>{t("invitation.role")}</dt>
      <dd>{roleText(offer.role, t)}</dd>
      <dt>{t("invitation.address")}</dt>
      <dd>{offer.address}</dd>
      <dt>{t("invitation.until")}</dt>
      <dd>{formatDate(Date.parse(offer.expires_at), language)}</dd>
    </dl>
  );
}

/** Somebody who has an account and is signed in: with the right address or with another one. */
function AsMember({ token, offer, session }: { token: string; offer: Offer; session: Session }) {
  const t = useWords();
  const entered = useEntered();
  const accept = useMutation({
    mutationFn: async () => {
      const accepted = await request<Accepted>("/api/invitations/accept", { method: "POST", json: { token } });
      await request<undefined>("/api/auth/session", { method: "PUT", json: { team_id: accepted.team_id, project_id: accepted.project_id } });
      await entered();
      window.location.assign("/");
    },
  });
  const signOut = useMutation({
    mutationFn: async () => {
      await request<undefined>("/api/auth/session", { method: "DELETE" });
      await entered();
    },
  });
  const email = session.user?.email ?? "";
  const isOther = !mayBeFor(offer.address, email);
  return (
    <div className="stack">
      {isOther ? (
        <div className="notice attention" role="alert">
          <IconMailOff size={16} aria-hidden />
          <span className="grow">{t("invitation.other", { email: email || (session.user?.name ?? ""), address: offer.address })}</span>
        </div>
      ) : (
        <p style={{ margin: 0 }}>{t("invitation.as", { email })}</p>
      )}
      {accept.isError && <FailureNote error={accept.error} />}
      {signOut.isError && <FailureNote error={signOut.error} />}
      {!isOther && (
        <Button size="sm" loading={accept.isPending} onClick={() => accept.mutate()}>
          {t("invitation.accept")}
        </Button>
      )}
      <Button size="sm" variant={isOther ? "filled" : "default"} loading={signOut.isPending} onClick={() => signOut.mutate()}>
        {t("invitation.signOut")}
      </Button>
      {isOther && (
        <Button size="sm" variant="default" component={Link} to="/">
          {t("invitation.stay")}
        </Button>
      )}
    </div>
  );
}

/** Expired, used, withdrawn or never made: the server says which and what to do about it. */
function Refused({ error, retry }: { error: unknown; retry: () => void }) {
  const t = useWords();
  const isGone = error instanceof Problem && (error.status === 404 || error.status === 409);
  return (
    <Front title={t("invitation.title")}>
      {isGone ? (
        <>
          <div role="alert">
            <State icon={IconMailOff} title={error.status === 404 ? t("invitation.unknown") : t("invitation.gone")} text={error.detail} />
          </div>
          <Button size="sm" component={Link} to="/">
            {t("signIn.title")}
          </Button>
        </>
      ) : (
        <Failure error={error} retry={retry} />
      )}
    </Front>
  );
}
