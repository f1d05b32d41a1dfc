import { useWords } from "../../i18n/language";
import { Page } from "../../ui/Page";

export default function Stub() {
  const t = useWords();
  return <Page title={t("nav.prices")}>…</Page>;
}
