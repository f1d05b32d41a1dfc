/* Retention: how long each kind of data is kept, for the hub, a team or a project. */

import { useWords } from "../i18n/language";
import { SettingsFrame } from "./Frame";

export default function RetentionPage() {
  const t = useWords();
  return (
    <SettingsFrame
      title={t("nav.retention")}
      text={t("retention.text")}
      sections={(listed) => [{ key: "retention", title: t("retention.title"), hint: t("retention.hint"), items: listed.items.filter(({ name }) => name.startsWith("retention.")) }]}
    />
  );
}
