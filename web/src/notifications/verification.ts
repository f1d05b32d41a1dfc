/* How a receiver of webhooks makes sure that a message is the hub's (Standard Webhooks). The journey runs both. */

export const VERIFICATION = {
  python: `import base64, hashlib, hmac, time

def is_from_hub(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether the hub signed this message, not more than five minutes ago."""
    sent_at = headers["webhook-timestamp"]
    signed = b".".join([headers["webhook-id"].encode(), sent_at.encode(), body])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    is_fresh = abs(time.time() - int(sent_at)) < 300
    return is_fresh and hmac.compare_digest(expected, headers["webhook-signature"])`,
  javascript: `import { createHmac, timingSafeEqual } from "node:crypto";

/** Whether the hub signed this message, not more than five minutes ago. \`body\` is the raw text. */
export function isFromHub(secret, headers, body) {
  const sentAt = headers["webhook-timestamp"];
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const signature = createHmac("sha256", key).update([headers["webhook-id"], sentAt, body].join(".")).digest("base64");
  const [expected, shown] = [Buffer.from("v1," + signature), Buffer.from(headers["webhook-signature"])];
  const isFresh = Math.abs(Date.now() / 1000 - Number(sentAt)) < 300;
  return isFresh && expected.length === shown.length && timingSafeEqual(expected, shown);
}`,
} as const;

export type VerificationLanguage = keyof typeof VERIFICATION;
