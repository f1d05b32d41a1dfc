import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useWords } from "../i18n/language";
import { State } from "../ui/State";

export function NotFound() {
  const t = useWords();
  return (
    <State icon={IconMapOff} title={t("shell.notFound")} text={t("shell.notFoundText")}>
      <Button component={Link} to="/monitor" variant="default">
        {t("nav.overview")}
      </Button>
    </State>
  );
}
