/* The ways in: password with its second step, passkey (also beside the address field), GitHub and other providers. */

import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { IconBrandGithub, IconBuilding, IconFingerprint, IconMailForward } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import { useWords } from "../../i18n/language";
import { Failure } from "../../ui/State";
import { FactorForm } from "../FactorForm";
import type { Methods, SignInAnswer } from "../shapes";
import { TriedNote } from "../TriedNote";
import { useWait } from "../waiting";
import { isPasskeyPossible, type PasskeyProof } from "../webauthn";
import { usePasskeyAutofill } from "./autofill";
import { useEntered } from "./entered";
import { here, methodsQuery, startOf } from "./methods";

type SecondFactor = NonNullable<SignInAnswer["second_factor"]>;
type Step = { name: "ways" } | { name: "second"; factor: SecondFactor; email: string } | { name: "forgot"; email: string };

export function SignInPanel({ returnTo = here() }: { returnTo?: string }) {
  const t = useWords();
  const methods = useQuery(methodsQuery);
  const entered = useEntered();
  const [step, setStep] = useState<Step>({ name: "ways" });
  if (methods.isError) return <Failure error={methods.error} retry={() => void methods.refetch()} />;
  if (!methods.data) return <div aria-busy="true" style={{ minHeight: 180 }} />;
  if (step.name === "forgot") return <Forgot methods={methods.data} email={step.email} back={() => setStep({ name: "ways" })} />;
  if (step.name === "second") {
    return (
      <div className="stack">
        <p style={{ margin: 0 }}>{t("signIn.second", { email: step.email })}</p>
        <FactorForm
          factors={step.factor.factors}
          submit={async (proof) => {
            await request("/api/auth/second-factor", { method: "POST", json: { token: step.factor.token, ...proof } });
            await entered();
          }}
        />
        <Anchor component="button" type="button" size="sm" onClick={() => setStep({ name: "ways" })}>
          {t("signIn.asOther")}
        </Anchor>
      </div>
    );
  }
  return <Ways methods={methods.data} returnTo={returnTo} go={setStep} />;
}

function Ways({ methods, returnTo, go }: { methods: Methods; returnTo: string; go: (step: Step) => void }) {
  const t = useWords();
  const entered = useEntered();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const byPassword = useMutation({
    mutationFn: async () => {
      const answer = await request<SignInAnswer>("/api/auth/password", { method: "POST", json: { email: email.trim(), password } });
      if (answer.second_factor) go({ name: "second", factor: answer.second_factor, email: email.trim() });
      else await entered();
    },
    onError: () => setPassword(""),
  });
  const byPasskey = useMutation({
    mutationFn: async (proof: PasskeyProof) => {
      await request<SignInAnswer>("/api/auth/passkey", { method: "POST", json: proof });
      await entered();
    },
  });
  const hasPasskey = methods.passkey && isPasskeyPossible();
  const autofill = usePasskeyAutofill(hasPasskey && methods.password, (proof) => byPasskey.mutateAsync(proof));
  const show = useMutation({ mutationFn: async () => byPasskey.mutateAsync(await autofill.show()) });
  const error = byPassword.error ?? show.error ?? byPasskey.error;
  const wait = useWait(error);
  const others = methods.providers.length + Number(methods.github) + Number(hasPasskey);
  function begin(): void {
    byPassword.reset();
    byPasskey.reset();
    show.reset();
  }
  return (
    <div className="stack">
      {methods.password && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            begin();
            byPassword.mutate();
          }}
        >
          <TextInput autoFocus size="sm" type="email" name="email" required withAsterisk={false} maxLength={254} label={t("signIn.email")} autoComplete="username webauthn" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <PasswordInput size="sm" name="password" required withAsterisk={false} label={t("factor.password")} autoComplete="current-password" visibilityToggleButtonProps={{ "aria-label": t("factor.reveal") }} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          <Button type="submit" size="sm" loading={byPassword.isPending} disabled={wait > 0 || email.trim() === "" || password === ""}>
            {t("signIn.title")}
          </Button>
          <Anchor component="button" type="button" size="sm" style={{ alignSelf: "flex-start" }} onClick={() => go({ name: "forgot", email: email.trim() })}>
            {t("signIn.forgot")}
          </Anchor>
        </form>
      )}
      <TriedNote error={error} wait={wait} />
      {methods.password && others > 0 && <div className="front-or">{t("signIn.or")}</div>}
      {others > 0 && (
        <div className="stack" style={{ gap: 8 }}>
          {hasPasskey && (
            <Button size="sm" variant="default" fullWidth leftSection={<IconFingerprint size={16} />} loading={show.isPending || byPasskey.isPending} disabled={wait > 0} onClick={() => { begin(); show.mutate(); }}>
              {t("signIn.passkey")}
            </Button>
          )}
          {methods.github && (
            <Button size="sm" variant="default" fullWidth leftSection={<IconBrandGithub size={16} />} component="a" href={startOf("github", { returnTo })}>
              {t("signIn.with", { name: "GitHub" })}
            </Button>
          )}
          {methods.providers.map(({ id, name }) => (
            <Button key={id} size="sm" variant="default" fullWidth leftSection={<IconBuilding size={16} />} component="a" href={startOf(id, { returnTo })}>
              {t("signIn.with", { name })}
            </Button>
          ))}
        </div>
      )}
      {!methods.password && others === 0 && <p className="dim" style={{ margin: 0 }}>{t("signIn.onlyLink")}</p>}
    </div>
  );
}

function Forgot({ methods, email: known, back }: { methods: Methods; email: string; back: () => void }) {
  const t = useWords();
  const [email, setEmail] = useState(known);
  const ask = useMutation({ mutationFn: () => request<unknown>("/api/auth/password/reset", { method: "POST", json: { email: email.trim() } }) });
  const wait = useWait(ask.error);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      {!methods.reset_by_mail && <p style={{ margin: 0 }}>{t("signIn.noMail")}</p>}
      {methods.reset_by_mail && ask.isSuccess && (
        <div className="notice good" role="status">
          <IconMailForward size={16} aria-hidden />
          <span className="grow">{t("signIn.letterSent", { email: email.trim() })}</span>
        </div>
      )}
      {methods.reset_by_mail && !ask.isSuccess && (
        <>
          <p className="dim" style={{ margin: 0 }}>{t("signIn.forgotText")}</p>
          <TextInput autoFocus size="sm" type="email" required withAsterisk={false} maxLength={254} label={t("signIn.email")} autoComplete="username" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <TriedNote error={ask.error} wait={wait} />
          <Button type="submit" size="sm" loading={ask.isPending} disabled={wait > 0 || email.trim() === ""}>
            {t("signIn.sendLetter")}
          </Button>
        </>
      )}
      <Anchor component="button" type="button" size="sm" style={{ alignSelf: "flex-start" }} onClick={back}>
        {t("act.back")}
      </Anchor>
    </form>
  );
}
