/* Name, language and theme. The look and the language hold at once; the name is saved. */

import { Button, SegmentedControl, Select, TextInput, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../api/client";
import { sessionQuery } from "../api/session";
import { profileQuery } from "../identity/profile";
import type { ProfileShape } from "../identity/shapes";
import { LANGUAGES, useLanguage } from "../i18n/language";
import { Card } from "../ui/Page";
import { FailureNote } from "../ui/State";

export function AboutMe({ profile }: { profile: ProfileShape }) {
  const { t, language, setLanguage } = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();
  const [name, setName] = useState(profile.name);
  const save = useMutation({
    mutationFn: (wish: { name: string; language: string }) => request<ProfileShape>("/api/auth/profile", { method: "PUT", json: wish }),
    onSuccess: (saved) => {
      queries.setQueryData(profileQuery.queryKey, saved);
      return queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  });
  const isChanged = name.trim() !== profile.name;
  return (
    <Card title={t("profile.me")}>
      <form
        className="profile-fields"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate({ name: name.trim(), language: profile.language });
        }}
      >
        <div className="row" style={{ alignItems: "flex-end" }}>
          <TextInput className="grow" label={t("profile.name")} required withAsterisk={false} maxLength={100} autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" variant="default" loading={save.isPending} disabled={!isChanged || name.trim() === ""}>
            {t("act.save")}
          </Button>
        </div>
        <Select
          label={t("profile.language")}
          description={t("profile.languageText")}
          inputWrapperOrder={["label", "input", "description"]}
          allowDeselect={false}
          value={language}
          data={LANGUAGES.map(({ code, name: label }) => ({ value: code, label }))}
          onChange={(code) => {
            if (code === null) return;
            setLanguage(code);
            save.mutate({ name: profile.name, language: code });
          }}
        />
        <div>
          <div className="profile-label" id="profile-theme">{t("profile.theme")}</div>
          <SegmentedControl
            aria-labelledby="profile-theme"
            value={colorScheme}
            onChange={(value) => setColorScheme(value)}
            data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: t(`theme.${value}`) }))}
          />
        </div>
        {save.isError && <FailureNote error={save.error} />}
      </form>
    </Card>
  );
}
