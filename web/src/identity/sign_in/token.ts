/* A link of a letter carries its secret behind the `#`, where no server's log and no other site gets to see it. */

import { useEffect, useState } from "react";

/** The secret; it leaves the address bar, and with it the history and what is shared from there. */
export function useTokenOfAddress(): string {
  const [token] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  useEffect(() => {
    if (window.location.hash !== "") window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  }, []);
  return token;
}
