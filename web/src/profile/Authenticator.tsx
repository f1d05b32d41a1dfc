/* The authenticator app (TOTP) and its recovery codes: set up with a QR code, confirm, renew, remove. */

import { Button, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery } from "../api/session";
import { useWords } from "../i18n/language";
import { profileQuery } from "../identity/profile";
import type { Enrolment, ProfileShape } from "../identity/shapes";
import { useStepUp } from "../identity/StepUp";
import { TriedNote } from "../identity/TriedNote";
import { useWait } from "../identity/waiting";
import { ConfirmByName } from "../ui/ConfirmByName";
import { CopyId } from "../ui/Values";
import { FailureNote } from "../ui/State";
import { QrCode } from "./QrCode";
import { RecoveryCodes } from "./RecoveryCodes";

type Open = { name: "enrol"; enrolment: Enrolment } | { name: "codes"; codes: string[] } | { name: "remove" } | null;

export function Authenticator({ profile }: { profile: ProfileShape }) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const [open, setOpen] = useState<Open>(null);
  const renewed = () => queries.invalidateQueries({ queryKey: profileQuery.queryKey });
  const enrol = useMutation({
    mutationFn: () => stepUp(() => request<Enrolment>("/api/auth/totp", { method: "POST" })),
    onSuccess: (enrolment) => setOpen({ name: "enrol", enrolment }),
  });
  const renew = useMutation({
    mutationFn: () => stepUp(() => request<{ codes: string[] }>("/api/auth/recovery-codes", { method: "POST" })),
    onSuccess: ({ codes }) => {
      setOpen({ name: "codes", codes });
      return renewed();
    },
  });
  const remove = useMutation({
    mutationFn: () => stepUp(() => request<undefined>("/api/auth/totp", { method: "DELETE" })),
    onSuccess: () => {
      setOpen(null);
      return renewed();
    },
  });
  return (
    <div className="way">
      <div className="grow">
        <h3>{t("totp.title")}</h3>
        <p>{profile.totp ? t("totp.on", { count: profile.recovery_codes }) : t("totp.off")}</p>
        {(enrol.isError || renew.isError) && <FailureNote error={enrol.error ?? renew.error} />}
      </div>
      <span className={profile.totp ? "mark good" : "mark"}>{profile.totp ? t("way.on") : t("way.off")}</span>
      {profile.totp ? (
        <div className="row wrap">
          <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>{t("codes.renew")}</Button>
          <Button variant="subtle" color="red" onClick={() => setOpen({ name: "remove" })}>{t("totp.remove")}</Button>
        </div>
      ) : (
        <Button variant="default" loading={enrol.isPending} onClick={() => enrol.mutate()}>{t("totp.setUp")}</Button>
      )}
      {open?.name === "enrol" && <Enrol enrolment={open.enrolment} done={(codes) => setOpen({ name: "codes", codes })} close={() => setOpen(null)} />}
      <Modal opened={open?.name === "codes"} onClose={() => setOpen(null)} title={t("codes.title")} closeOnClickOutside={false} closeOnEscape={false} closeButtonProps={{ "aria-label": t("act.close") }}>
        {open?.name === "codes" && <RecoveryCodes codes={open.codes} close={() => setOpen(null)} />}
      </Modal>
      {open?.name === "remove" && (
        <ConfirmByName
          title={t("totp.removeTitle")}
          text={t("totp.removeText")}
          name={profile.email || profile.name}
          act={t("totp.remove")}
          pending={remove.isPending}
          error={remove.error}
          confirm={() => remove.mutate()}
          close={() => {
            setOpen(null);
            remove.reset();
          }}
        />
      )}
    </div>
  );
}

function Enrol({ enrolment, done, close }: { enrolment: Enrolment; done: (codes: string[]) => void; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => request<{ codes: string[] }>("/api/auth/totp/confirm", { method: "POST", json: { code: code.replaceAll(/\s/g, "") } }),
    onSuccess: async ({ codes }) => {
      done(codes);
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
      await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
    onError: () => setCode(""),
  });
  const wait = useWait(confirm.error);
  return (
    <Modal opened onClose={close} title={t("totp.setUp")} closeOnClickOutside={false} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          confirm.mutate();
        }}
      >
        <p style={{ margin: 0 }}>{t("totp.scan")}</p>
        <div className="row wrap" style={{ gap: 16, justifyContent: "center" }}>
          <QrCode text={enrolment.uri} />
          <div style={{ flex: "1 1 180px", minWidth: 0 }}>
            <div className="dim" style={{ fontSize: 12 }}>{t("totp.byHand")}</div>
            <CopyId id={enrolment.secret}>
              <span style={{ overflowWrap: "anywhere" }}>{(enrolment.secret.match(/.{1,4}/g) ?? []).join(" ")}</span>
            </CopyId>
          </div>
        </div>
        <TextInput data-autofocus required withAsterisk={false} label={t("factor.totp")} description={t("factor.totpText")} inputMode="numeric" autoComplete="one-time-code" maxLength={10} classNames={{ input: "mono" }} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        <TriedNote error={confirm.error} wait={wait} />
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>{t("act.cancel")}</Button>
          <Button type="submit" loading={confirm.isPending} disabled={wait > 0 || code.replaceAll(/\s/g, "").length < 6}>{t("totp.confirm")}</Button>
        </div>
      </form>
    </Modal>
  );
}
