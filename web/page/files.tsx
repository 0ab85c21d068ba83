import { useCallback, useEffect, useState } from "preact/hooks";
import { usage } from "../client/postern.ts";
import { DropZone } from "./dropzone.tsx";
import { bytes } from "./format.ts";
import { Keys } from "./keys.tsx";
import { Library } from "./library.tsx";
import { Links } from "./links.tsx";
import { access } from "./session.ts";
import { TransferList } from "./transferlist.tsx";
import type { Chosen, Transfers } from "./transfers.ts";

interface Props {
  transfers: Transfers;
  onSignOut: () => void;
  onExpired: () => void;
}

/** Files is the page of somebody who is signed in: what is on its way, and what is stored. */
export function Files({ transfers, onSignOut, onExpired }: Props) {
  const [error, setError] = useState("");
  const [stored, setStored] = useState(0); // grows when something new is stored or removed

  const onError = useCallback((e: unknown) => {
    if ((e as { status?: number }).status === 401) onExpired();
    else setError((e as Error).message);
  }, []);
  const add = (chosen: Chosen[]) => {
    setError("");
    transfers.add(chosen);
  };

  return (
    <>
      <header>
        <h1>Postern</h1>
        <Usage changed={stored} onError={onError} />
        <button onClick={onSignOut}>Sign out</button>
      </header>
      <main>
        <DropZone onChosen={add} onError={onError} />
        {error && (
          <p class="error" role="alert">
            {error} <button onClick={() => setError("")}>Dismiss</button>
          </p>
        )}
        <TransferList transfers={transfers} onStored={() => setStored((n) => n + 1)} onError={onError} />
        <Library changed={stored} onChanged={() => setStored((n) => n + 1)} onError={onError} />
        <Links onError={onError} />
        <Keys onError={onError} />
      </main>
    </>
  );
}

/** Usage shows how much is stored of what may be. */
function Usage({ changed, onError }: { changed: number; onError: (error: unknown) => void }) {
  const [now, setNow] = useState<{ used: number; quota: number } | null>(null);
  useEffect(() => {
    usage(access()).then(setNow, onError);
  }, [changed]);
  if (!now) return <p class="usage" />;
  return (
    <p class="usage">
      <meter min={0} max={now.quota} value={now.used} aria-label="Used storage" /> {bytes(now.used)} of {bytes(now.quota)}
    </p>
  );
}

