/*
 * Passkeys: the server's JSON to what the browser's API wants, and its answer back to JSON. Browsers learn to do this
 * themselves (`parseRequestOptionsFromJSON`, `toJSON`), but not all that people use have learned it.
 */

import { request } from "../api/client";
import type { PasskeyOptions } from "./shapes";

type Json = Record<string, unknown>;

export interface PasskeyProof {
  token: string;
  credential: Json;
}

export const isPasskeyPossible = (): boolean => typeof PublicKeyCredential !== "undefined" && window.isSecureContext;

/** Whether the browser offers passkeys in the list under a field, beside remembered passwords. */
export async function isAutofillPossible(): Promise<boolean> {
  if (!isPasskeyPossible()) return false;
  // Older browsers lack the question as well as the thing.
  return "isConditionalMediationAvailable" in PublicKeyCredential && PublicKeyCredential.isConditionalMediationAvailable();
}

/** The person closed the browser's own dialog, or let it time out: nothing is broken. */
export const isGivenUp = (failure: unknown): boolean =>
  failure instanceof DOMException && (failure.name === "NotAllowedError" || failure.name === "AbortError");

/** This device holds a passkey for the account already. */
export const isThereAlready = (failure: unknown): boolean => failure instanceof DOMException && failure.name === "InvalidStateError";

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function base64urlOf(buffer: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function descriptors(listed: unknown): PublicKeyCredentialDescriptor[] {
  if (!Array.isArray(listed)) return [];
  return (listed as { id: string; transports?: AuthenticatorTransport[] }[]).map((one) => ({
    type: "public-key",
    id: bytesOf(one.id),
    ...(one.transports ? { transports: one.transports } : {}),
  }));
}

export function requestOptionsOf(json: Json): PublicKeyCredentialRequestOptions {
  return {
    ...(json as unknown as PublicKeyCredentialRequestOptions),
    challenge: bytesOf(json["challenge"] as string),
    allowCredentials: descriptors(json["allowCredentials"]),
  };
}

export function creationOptionsOf(json: Json): PublicKeyCredentialCreationOptions {
  const user = json["user"] as { id: string; name: string; displayName: string };
  return {
    ...(json as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytesOf(json["challenge"] as string),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: descriptors(json["excludeCredentials"]),
  };
}

function plain(credential: PublicKeyCredential, response: Json): Json {
  return {
    id: credential.id,
    rawId: base64urlOf(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: base64urlOf(credential.response.clientDataJSON), ...response },
  };
}

interface Showing {
  /** `conditional` waits beside a field until somebody picks a passkey there. */
  mediation?: CredentialMediationRequirement;
  signal?: AbortSignal;
}

/** Lets the person show a passkey; raises the browser's DOMException where they do not. */
export async function showPasskey({ mediation, signal }: Showing = {}): Promise<PasskeyProof> {
  const begun = await request<PasskeyOptions>("/api/auth/passkey/options", { method: "POST", ...(signal ? { signal } : {}) });
  const credential = (await navigator.credentials.get({
    publicKey: requestOptionsOf(begun.options),
    ...(mediation ? { mediation } : {}),
    ...(signal ? { signal } : {}),
  })) as PublicKeyCredential | null;
  if (!credential) throw new DOMException("", "NotAllowedError");
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    token: begun.token,
    credential: plain(credential, {
      authenticatorData: base64urlOf(response.authenticatorData),
      signature: base64urlOf(response.signature),
      userHandle: response.userHandle ? base64urlOf(response.userHandle) : null,
    }),
  };
}

/** Lets the browser make a passkey for the options that the server gave. */
export async function makePasskey(begun: PasskeyOptions): Promise<PasskeyProof> {
  const credential = (await navigator.credentials.create({ publicKey: creationOptionsOf(begun.options) })) as PublicKeyCredential | null;
  if (!credential) throw new DOMException("", "NotAllowedError");
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    token: begun.token,
    credential: plain(credential, {
      attestationObject: base64urlOf(response.attestationObject),
      transports: response.getTransports(),
    }),
  };
}
