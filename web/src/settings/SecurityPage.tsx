/* Security: who may reach the hub, what is redacted, how people sign in, where outgoing requests may go. */

import { useWords } from "../i18n/language";
import { type Section, SettingsFrame } from "./Frame";
import { RedactionTrial } from "./RedactionTrial";
import type { SettingList } from "./shapes";

export default function SecurityPage() {
  const t = useWords();
  function sections(listed: SettingList): Section[] {
    const named = (...names: string[]) => listed.items.filter(({ name }) => names.includes(name));
    return [
      { key: "addresses", title: t("security.addresses"), hint: t("security.addressesText"), items: named("security.allowed_addresses", "security.trusted_proxies") },
      {
        key: "redaction",
        title: t("settings.group.redaction"),
        hint: t("security.redactionText"),
        items: named("redaction.detectors", "redaction.patterns"),
        foot: (valueOf) => <RedactionTrial detectors={valueOf("redaction.detectors")} patterns={valueOf("redaction.patterns")} />,
      },
      { key: "methods", title: t("security.methods"), items: named("security.password_sign_in", "security.passkey_sign_in", "security.webauthn_rp_id", "github.client_id") },
      {
        key: "sessions",
        title: t("security.sessions"),
        items: named("security.session_hours", "security.session_idle_hours", "security.invitation_days"),
      },
      { key: "outgoing", title: t("security.outgoing"), hint: t("security.outgoingText"), items: named("security.egress_allowed") },
    ];
  }
  return <SettingsFrame title={t("nav.security")} text={t("security.text")} sections={sections} />;
}
