/* What a developer copies to send a first event. `host` is the hub's origin without a slash at its end. */

export function curlSnippet(host: string, key: string): string {
  return `curl ${host}/api/events \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"kind": "task.progress.milestone", "subject": "invoices", "title": "Half of the invoices are read", "agent": "Clerk"}'`;
}
