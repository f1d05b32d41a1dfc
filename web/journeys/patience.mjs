/** How long anything may take on a machine that is busy; to be ready earlier costs nothing. */
export const PATIENCE_MS = 90_000;
