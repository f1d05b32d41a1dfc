/* Named addresses of a list: a reader keeps the filters that they come back to. Kept in this browser. */

import { ActionIcon, Button, Menu, Popover, TextInput } from "@mantine/core";
import { useDisclosure, useLocalStorage } from "@mantine/hooks";
import { IconBookmark, IconX } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWords } from "../i18n/language";
import { parseSearch } from "../shell/address";

interface View {
  name: string;
  search: string;
}

export function SavedViews({ page }: { page: "traces" | "costs" }) {
  const t = useWords();
  const navigate = useNavigate();
  const [views, setViews] = useLocalStorage<View[]>({ key: `mno.views.${page}`, defaultValue: [], getInitialValueInEffect: false });
  const [opened, popover] = useDisclosure(false);
  const [name, setName] = useState("");
  return (
    <Popover opened={opened} onChange={popover.toggle} onDismiss={popover.close} position="bottom-end" trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconBookmark size={14} />} onClick={popover.toggle}>
          {t("views.title")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8} style={{ width: 260 }}>
        {views.map((view) => (
          <div className="row" key={view.name} style={{ gap: 0 }}>
            <Button
              variant="subtle"
              color="gray"
              justify="flex-start"
              className="grow"
              onClick={() => {
                popover.close();
                void navigate({ to: ".", search: parseSearch(view.search) as never });
              }}
            >
              {view.name}
            </Button>
            <ActionIcon aria-label={t("views.remove", { name: view.name })} onClick={() => setViews(views.filter((each) => each !== view))}>
              <IconX size={14} />
            </ActionIcon>
          </div>
        ))}
        {views.length > 0 && <Menu.Divider my={8} />}
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            const kept = views.filter((view) => view.name !== name.trim());
            setViews([...kept, { name: name.trim(), search: window.location.search }]);
            setName("");
          }}
        >
          <TextInput className="grow" value={name} required maxLength={60} placeholder={t("views.name")} aria-label={t("views.name")} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" disabled={name.trim() === ""}>
            {t("views.save")}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
