/* A credit that a provider gave: an entry of the ledger that cannot be taken back. */

import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../api/client";
import type { LedgerEntry } from "../../api/types";
import { useWords } from "../../i18n/language";
import { FailureNote } from "../../ui/State";

const IS_AMOUNT = /^\d+(\.\d{1,9})?$/;

export function AddCredit() {
  const t = useWords();
  const queries = useQueryClient();
  const [isOpen, opened] = useDisclosure(false);
  const [amount, setAmount] = useState("");
  const [note, setNote] = useState("");
  const enter = useMutation({
    mutationFn: () => request<LedgerEntry>("/api/ledger/credits", { method: "POST", json: { amount: amount.trim(), note: note.trim() } }),
    onSuccess: () => {
      opened.close();
      setAmount("");
      setNote("");
      return queries.invalidateQueries({ queryKey: ["ledger"] });
    },
  });
  const isAmount = IS_AMOUNT.test(amount.trim()) && Number(amount) > 0;
  return (
    <>
      <Button variant="default" leftSection={<IconPlus size={14} />} onClick={opened.open}>
        {t("ledger.addCredit")}
      </Button>
      <Modal opened={isOpen} onClose={opened.close} title={t("ledger.addCredit")} closeButtonProps={{ "aria-label": t("act.close") }}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            enter.mutate();
          }}
        >
          <TextInput data-autofocus required inputMode="decimal" label={t("ledger.amount")} value={amount} error={amount !== "" && !isAmount ? t("prices.notAmount") : null} onChange={(event) => setAmount(event.currentTarget.value)} />
          <Textarea required maxLength={500} autosize minRows={2} label={t("prices.note")} description={t("ledger.creditText")} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          {enter.isError && <FailureNote error={enter.error} />}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <Button variant="default" onClick={opened.close}>
              {t("act.cancel")}
            </Button>
            <Button type="submit" loading={enter.isPending} disabled={!isAmount || note.trim() === ""}>
              {t("ledger.addCredit")}
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}
