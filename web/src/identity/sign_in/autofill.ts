/*
 * Passkeys in the list under the address field: a request that waits in the background until somebody picks one. A
 * browser has one request for passkeys at a time, so this one steps aside for the button.
 */

import { useEffect, useEffectEvent, useRef } from "react";
import { isAutofillPossible, type PasskeyProof, showPasskey } from "../webauthn";

/** The server forgets a challenge after ten minutes. */
const RENEW_MS = 9 * 60_000;

interface PasskeyAutofill {
  /** Asks in the browser's own dialog. */
  show: () => Promise<PasskeyProof>;
}

export function usePasskeyAutofill(isOn: boolean, onPicked: (proof: PasskeyProof) => Promise<void>): PasskeyAutofill {
  const waiting = useRef<AbortController | null>(null);
  const picked = useEffectEvent(onPicked);
  useEffect(() => {
    if (!isOn) return;
    let timer: number | undefined;
    let isLeft = false;
    async function wait(): Promise<void> {
      if (!(await isAutofillPossible())) return;
      waiting.current?.abort();
      if (isLeft) return;
      const controller = new AbortController();
      waiting.current = controller;
      timer = window.setTimeout(() => void wait(), RENEW_MS);
      try {
        await picked(await showPasskey({ mediation: "conditional", signal: controller.signal }));
      } catch {
        // Nobody picked one, or the server refused it and the page says so: the other ways stay open.
      }
    }
    void wait();
    return () => {
      isLeft = true;
      window.clearTimeout(timer);
      waiting.current?.abort();
    };
  }, [isOn]);
  return {
    show: () => {
      waiting.current?.abort();
      return showPasskey();
    },
  };
}
