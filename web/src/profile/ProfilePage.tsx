/* One's own account: the name, how one signs in, and where one is signed in. */

import { useQuery } from "@tanstack/react-query";
import { profileQuery } from "../identity/profile";
import { useWords } from "../i18n/language";
import { ConnectedClients } from "../oauth/ConnectedClients";
import { Card, Page } from "../ui/Page";
import { Failure } from "../ui/State";
import { AboutMe } from "./AboutMe";
import { Accounts } from "./Accounts";
import { Address } from "./Address";
import { Authenticator } from "./Authenticator";
import { OwnKeys } from "./OwnKeys";
import { Passkeys } from "./Passkeys";
import { Password } from "./Password";
import "./profile.css";
import { Sessions } from "./Sessions";

export default function ProfilePage() {
  const t = useWords();
  const profile = useQuery(profileQuery);
  return (
    <Page title={t("profile.title")} text={t("profile.text")}>
      {profile.isError && <Failure error={profile.error} retry={() => void profile.refetch()} />}
      {profile.isPending && <div className="card" aria-busy="true" style={{ minHeight: 240 }} />}
      {profile.data && (
        <>
          <AboutMe key={profile.data.id} profile={profile.data} />
          <Card title={t("profile.ways")}>
            <div>
              <Address profile={profile.data} />
              <Password profile={profile.data} />
              <Authenticator profile={profile.data} />
              <Accounts profile={profile.data} />
            </div>
          </Card>
          <Passkeys />
        </>
      )}
      <Sessions />
      <ConnectedClients />
      <OwnKeys />
    </Page>
  );
}
