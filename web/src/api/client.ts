/*
 * Every request to the server goes through here: one place where a problem document (RFC 9457) becomes
 * an error that a page can show, and where a lost session is noticed.
 */

/** The 403 that a shown factor turns into a yes; `identity/StepUp.tsx` asks for it. */
export const VERIFICATION_REQUIRED = "urn:mno:problem:verification-required";

export class Problem extends Error {
  readonly status: number;
  /** What kind of problem it is, where the server tells one apart; else `about:blank`. */
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, title: string, detail: string, retryAfterSeconds: number | null = null, type = "about:blank") {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
    this.type = type;
  }
}

export type QueryValue = string | number | boolean | null | undefined;
/** Parameters of an address: a list repeats its name; null, undefined and "" are left out. */
export type Query = Record<string, QueryValue | readonly string[]>;

export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    if (typeof value === "object") for (const one of value) parameters.append(name, one);
    else parameters.append(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

interface Options extends Omit<RequestInit, "headers"> {
  /** Sent as the JSON body. */
  json?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request and returns the parsed answer; raises Problem, also where the server is not reached. */
export async function request<Answer>(path: string, options: Options = {}): Promise<Answer> {
  const { json, headers, ...rest } = options;
  const body = json === undefined ? rest.body : JSON.stringify(json);
  let response: Response;
  try {
    response = await fetch(path, {
      ...rest,
      body,
      credentials: "same-origin",
      headers: { accept: "application/json", ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
    });
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError") throw failure;
    throw new Problem(0, "unreachable", "");
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("retry-after"));
  const wait = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
  try {
    const document = (await response.json()) as { type?: unknown; title?: unknown; detail?: unknown };
    const title = typeof document.title === "string" ? document.title : response.statusText;
    const detail = typeof document.detail === "string" ? document.detail : "";
    const type = typeof document.type === "string" ? document.type : "about:blank";
    return new Problem(response.status, title, detail, wait, type);
  } catch {
    return new Problem(response.status, response.statusText, "", wait);
  }
}
