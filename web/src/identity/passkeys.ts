/* One's own passkeys: the list, and making one. */

import { queryOptions } from "@tanstack/react-query";
import { request } from "../api/client";
import type { Passkey, PasskeyOptions } from "./shapes";
import { makePasskey } from "./webauthn";

export const passkeysQuery = queryOptions({
  queryKey: ["passkeys"],
  queryFn: async ({ signal }) => (await request<{ items: Passkey[] }>("/api/auth/passkeys", { signal })).items,
});

/** Lets the browser make a passkey and keeps it under this name. */
export async function addPasskey(name: string): Promise<Passkey> {
  const begun = await request<PasskeyOptions>("/api/auth/passkeys/options", { method: "POST" });
  const made = await makePasskey(begun);
  return request<Passkey>("/api/auth/passkeys", { method: "POST", json: { ...made, name } });
}
