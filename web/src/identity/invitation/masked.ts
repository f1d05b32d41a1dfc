/* An invitation shows only as much of its address as its owner needs to know it again. */

/** As the server masks an address: `a…@example.com`. */
export function masked(email: string): string {
  const at = email.indexOf("@");
  return at < 0 ? "" : `${email.slice(0, 1)}…@${email.slice(at + 1)}`;
}

/** Whether an invitation for this masked address can be one for who has this address. */
export function mayBeFor(address: string, email: string): boolean {
  return masked(email).toLowerCase() === address.toLowerCase();
}
