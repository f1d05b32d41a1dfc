/* A channel while it is edited. What is secret is empty, and empty means: as it was. */

import type { Channel, ChannelField, ChannelKind, ChannelLanguage, ChannelWish, KindFields } from "./shapes";

export interface Draft {
  name: string;
  kind: ChannelKind;
  language: ChannelLanguage;
  address: string;
  api_key: string;
  secret: string;
  dropsSecret: boolean;
  sender: string;
  receivers: string[];
}

export const draftOf = (channel: Channel): Draft => ({ ...newDraft(channel.kind, channel.language), name: channel.name, sender: channel.sender, receivers: channel.receivers });

export const newDraft = (kind: ChannelKind, language: ChannelLanguage): Draft => ({ name: "", kind, language, address: "", api_key: "", secret: "", dropsSecret: false, sender: "", receivers: [] });

/** Only what the kind takes is sent; a secret that was not entered stays what it was. */
export function wishOf(draft: Draft, fields: KindFields): ChannelWish {
  const takes = (field: ChannelField) => fields.required.includes(field) || fields.optional.includes(field);
  const hidden = (field: "address" | "api_key" | "secret") => (takes(field) ? draft[field].trim() || null : null);
  return {
    name: draft.name.trim(), kind: draft.kind, language: draft.language,
    address: hidden("address"), api_key: hidden("api_key"), secret: draft.dropsSecret ? "" : hidden("secret"),
    sender: takes("sender") ? draft.sender.trim() : "", receivers: takes("receivers") ? draft.receivers : [],
  };
}

/** Whether everything that the kind needs is there; what is kept already need not be entered again. */
export function isComplete(draft: Draft, fields: KindFields, isNew: boolean): boolean {
  const has: Record<ChannelField, boolean> = {
    address: !isNew || draft.address.trim() !== "",
    api_key: !isNew || draft.api_key.trim() !== "",
    secret: !isNew || draft.secret.trim() !== "",
    sender: draft.sender.trim() !== "",
    receivers: draft.receivers.length > 0,
  };
  return draft.name.trim() !== "" && fields.required.every((field) => has[field]);
}
