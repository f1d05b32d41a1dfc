/* Opened by the link of a letter: proves the address that the signed-in person entered. */

import { Button } from "@mantine/core";
import { IconMailCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { request } from "../../api/client";
import { sessionQuery } from "../../api/session";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";
import { profileQuery } from "../profile";
import { Front } from "./Front";
import { useTokenOfAddress } from "./token";

export default function ConfirmAddressPage() {
  const t = useWords();
  const token = useTokenOfAddress();
  const queries = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => request<{ email: string }>("/api/auth/address/confirm", { method: "POST", json: { token } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: profileQuery.queryKey });
      await queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  });
  return (
    <Front title={t("confirmAddress.title")} text={confirm.isSuccess ? undefined : t("confirmAddress.text")}>
      {confirm.isSuccess && (
        <div className="notice good" role="status">
          <IconMailCheck size={16} aria-hidden />
          <span className="grow">{t("confirmAddress.done", { email: confirm.data.email })}</span>
        </div>
      )}
      {token === "" && !confirm.isSuccess && <FailureNote error={new Error(t("link.incomplete"))} />}
      {confirm.isError && <FailureNote error={confirm.error} />}
      {!confirm.isSuccess && (
        <Button size="sm" loading={confirm.isPending} disabled={token === ""} onClick={() => confirm.mutate()}>
          {t("confirmAddress.act")}
        </Button>
      )}
      <Button component={Link} to="/profile" size="sm" variant={confirm.isSuccess ? "filled" : "default"}>
        {t("stepUp.toProfile")}
      </Button>
    </Front>
  );
}
