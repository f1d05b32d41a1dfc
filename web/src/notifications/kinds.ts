/* The kinds of channels in the order in which they are offered, as their makers write them. */

import { IconBrandDiscord, IconBrandSlack, IconBrandTeams, IconBrandWechat, IconFeather, IconMail, IconMailForward, IconNotification, IconWebhook, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Word } from "../i18n/language";
import type { ChannelKind } from "./shapes";

export const KINDS: readonly { kind: ChannelKind; word: Word; icon: ComponentType<IconProps> }[] = [
  { kind: "email", word: "channels.kind.email", icon: IconMail },
  { kind: "slack", word: "channels.kind.slack", icon: IconBrandSlack },
  { kind: "teams", word: "channels.kind.teams", icon: IconBrandTeams },
  { kind: "feishu", word: "channels.kind.feishu", icon: IconFeather },
  { kind: "dingtalk", word: "channels.kind.dingtalk", icon: IconNotification },
  { kind: "wecom", word: "channels.kind.wecom", icon: IconBrandWechat },
  { kind: "discord", word: "channels.kind.discord", icon: IconBrandDiscord },
  { kind: "sendgrid", word: "channels.kind.sendgrid", icon: IconMailForward },
  { kind: "webhook", word: "channels.kind.webhook", icon: IconWebhook },
];
