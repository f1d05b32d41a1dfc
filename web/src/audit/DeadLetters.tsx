/* What a receiver did not take after every try, and sending it again. */

import { Button, Modal, Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { request } from "../api/client";
import { useWords } from "../i18n/language";
import { Failure, FailureNote } from "../ui/State";
import { Ago } from "../ui/Values";
import { type Chain, type DeadLetter, roomOf, type Stream, streamsQuery } from "./shapes";

export function DeadLetters({ chain, stream, mayWrite, close }: { chain: Chain; stream: Stream; mayWrite: boolean; close: () => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const room = `${roomOf(chain)}/streams/${stream.id}/dead-letters`;
  const queryKey = [...streamsQuery(chain).queryKey, stream.id];
  const letters = useQuery({ queryKey, queryFn: ({ signal }) => request<{ items: DeadLetter[] }>(room, { signal }) });
  const replay = useMutation({
    mutationFn: () => request<{ taken: number }>(`${room}/replay`, { method: "POST" }),
    onSuccess: ({ taken }) => notifications.show({ message: t("streams.replayed", { count: taken }), color: taken > 0 ? "green" : "yellow" }),
    onSettled: () => queries.invalidateQueries({ queryKey: streamsQuery(chain).queryKey }),
  });
  const items = letters.data?.items;
  return (
    <Modal opened onClose={close} size={600} title={t("streams.lettersOf", { name: stream.name })} closeButtonProps={{ "aria-label": t("act.close") }}>
      <div className="stack">
        {letters.isError && <Failure error={letters.error} retry={() => void letters.refetch()} />}
        {letters.isPending && <Skeleton height={80} />}
        {items?.length === 0 && <p className="dim" style={{ margin: 0 }}>{t("streams.noLetters")}</p>}
        {items && items.length > 0 && (
          <div className="table-scroll">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t("streams.entries")}</th>
                  <th scope="col">{t("streams.error")}</th>
                  <th scope="col">{t("audit.time")}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((letter) => (
                  <tr key={letter.id}>
                    <td className="mono">{letter.first_seq === letter.last_seq ? letter.first_seq : `${letter.first_seq} – ${letter.last_seq}`}</td>
                    <td style={{ overflowWrap: "anywhere" }}>{letter.error}</td>
                    <td className="dim">
                      <Ago at={letter.time} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {replay.isError && <FailureNote error={replay.error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.close")}
          </Button>
          {mayWrite && (
            <Button loading={replay.isPending} disabled={!items || items.length === 0} onClick={() => replay.mutate()}>
              {t("streams.replay")}
            </Button>
          )}
        </div>
      </div>
    </Modal>
  );
}
