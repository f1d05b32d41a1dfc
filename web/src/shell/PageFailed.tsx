import { Failure } from "../ui/State";

export function PageFailed({ error, reset }: { error: unknown; reset: () => void }) {
  return <Failure error={error} retry={reset} />;
}
