// What a person holds besides a browser: a software authenticator for passkeys, and an app that shows codes.

import { createHmac } from "node:crypto";

/** Chromium's own virtual authenticator: it holds passkeys and says yes for its owner. */
export async function addAuthenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  return {
    /** Its passkeys, to be carried into another browser. */
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    hold: (credential) => session.send("WebAuthn.addCredential", { authenticatorId, credential }),
    /** Whether its owner unlocks it. */
    unlocks: (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
  };
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

function bytesOf(base32) {
  const bits = [...base32.replace(/[\s=]/g, "")].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** RFC 6238 with its usual choices: SHA-1, 30 seconds, six digits. */
export function codeOf(secret, at = Date.now()) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const mac = createHmac("sha1", bytesOf(secret)).update(counter).digest();
  const offset = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A code works once: one that was not shown before. An app's clock may be half a minute ahead, so the next one is right as well. */
export function nextCode(secret, shown) {
  const code = [0, STEP_MS].map((ahead) => codeOf(secret, Date.now() + ahead)).find((each) => !shown.has(each));
  if (!code) throw new Error("Both codes of this half minute were shown");
  shown.add(code);
  return code;
}
