/*
 * The difference before it is saved: asked of the server with `preview`, so that what is shown is what a save would
 * do. A list that would lock its writer out wants a word of its own, and a save of somebody else in between is told.
 */

import { Button, Checkbox, Modal, Skeleton, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconClockX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, request } from "../api/client";
import { useStepUp } from "../identity/StepUp";
import { useWords } from "../i18n/language";
import { Differences } from "../ui/Differences";
import { FailureNote } from "../ui/State";
import { admits } from "./addresses";
import { type Difference, ALLOWED_ADDRESSES, isStrings, type Level, type Saved, type SettingList, settingsQuery } from "./shapes";
import { useChanged } from "./SettingValue";

interface ReviewProps {
  level: Level;
  listed: SettingList;
  title: string;
  act: string;
  /** Without a note where the server writes one itself. */
  hasNote: boolean;
  ask: (wish: { preview: boolean; confirmed: boolean; note: string; revision: number }) => Promise<Saved>;
  askKey: unknown;
  close: () => void;
  saved: () => void;
}

const MAX_NOTE_CHARACTERS = 500;

export function putSettings(level: Level, values: Readonly<Record<string, unknown>>) {
  return (wish: { preview: boolean; confirmed: boolean; note: string; revision: number }) =>
    request<Saved>("/api/config/system", { method: "PUT", json: { level, values, ...wish } });
}

/** Whether a list among the changes leaves its writer out. */
function locksOut(changes: readonly Difference[], address: string): boolean {
  return changes.some(({ name, after }) => name === ALLOWED_ADDRESSES && isStrings(after) && !admits(after, address));
}

/** Kept data that goes at night because of a change: what was kept for longer, or for ever. */
function losses(changes: readonly Difference[], listed: SettingList): number[] {
  return changes.flatMap(({ name, after }) => {
    const held = listed.items.find((item) => item.name === name)?.value;
    const isShorter = typeof after === "number" && after > 0 && (held === 0 || (typeof held === "number" && after < held));
    return name.startsWith("retention.") && isShorter ? [after] : [];
  });
}

export function Review({ level, listed, title, act, hasNote, ask, askKey, close, saved }: ReviewProps) {
  const t = useWords();
  const queries = useQueryClient();
  const stepUp = useStepUp();
  const changedOf = useChanged(listed.items, level);
  const [note, setNote] = useState("");
  const [isConfirmed, setConfirmed] = useState(false);
  const [wasRefused, setRefused] = useState(false);
  const { revision } = listed;
  const preview = useQuery({
    queryKey: ["settings-preview", level, revision, askKey],
    queryFn: () => ask({ preview: true, confirmed: false, note: "", revision }),
    gcTime: 0,
    retry: false,
  });
  const save = useMutation({
    mutationFn: () => stepUp(() => ask({ preview: false, confirmed: isConfirmed, note: note.trim(), revision })),
    onSuccess: async () => {
      saved();
      close();
      notifications.show({ message: t("settings.saved"), color: "green" });
      await queries.invalidateQueries({ queryKey: ["settings"] });
    },
    onError: async (error) => {
      if (!(error instanceof Problem) || error.status !== 409) return;
      // Either somebody saved in between, or the server sees the writer locked out: its revision tells which.
      const now = await queries.query({ ...settingsQuery(level), staleTime: 0 });
      if (now.revision === revision) setRefused(true);
    },
  });
  const changes = preview.data?.changes ?? [];
  const isLockout = wasRefused || locksOut(changes, listed.address);
  const shortest = losses(changes, listed);
  const isOverhauled = !wasRefused && [save.error, preview.error].some((error) => error instanceof Problem && error.status === 409);
  function lookAgain(): void {
    save.reset();
    // A newer revision is a new question, so the difference is asked for anew.
    void queries.query({ ...settingsQuery(level), staleTime: 0 });
  }
  return (
    <Modal opened onClose={close} size={600} title={title} closeButtonProps={{ "aria-label": t("act.close") }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {preview.isPending && <Skeleton height={72} />}
        {preview.isError && <FailureNote error={preview.error} />}
        {preview.isSuccess && changes.length === 0 && <p className="dim" style={{ margin: 0 }}>{t("settings.noDifference")}</p>}
        {changes.length > 0 && <Differences items={changedOf(changes)} />}
        {shortest.length > 0 && (
          <div className="notice attention" role="note">
            <IconClockX size={16} aria-hidden />
            <span className="grow">{t("retention.loss", { count: Math.min(...shortest) })}</span>
          </div>
        )}
        {isLockout && (
          <div className="notice broken" role="alert">
            <IconAlertTriangle size={16} aria-hidden />
            <div className="grow">
              <div style={{ marginBottom: 8 }}>{t("security.lockOut", { address: listed.address })}</div>
              <Checkbox label={t("security.lockOutConfirm")} checked={isConfirmed} onChange={(event) => setConfirmed(event.currentTarget.checked)} />
            </div>
          </div>
        )}
        {hasNote && changes.length > 0 && (
          <Textarea label={t("settings.note")} placeholder={t("settings.notePlaceholder")} autosize minRows={1} maxLength={MAX_NOTE_CHARACTERS} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        )}
        {save.isError && !(isLockout && wasRefused) && <FailureNote error={save.error} />}
        <div className="row wrap" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={close}>
            {t("act.cancel")}
          </Button>
          {isOverhauled ? (
            <Button onClick={lookAgain}>{t("settings.lookAgain")}</Button>
          ) : (
            <Button type="submit" color={isLockout ? "red" : undefined} loading={save.isPending} disabled={changes.length === 0 || (isLockout && !isConfirmed)}>
              {act}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}
