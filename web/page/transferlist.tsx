import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, duration, reasons } from "./format.ts";
import type { Transfer, Transfers } from "./transfers.ts";

/** How many transfers are shown. More are counted: a page with 10,000 of them would stand still. */
const shown = 100;

interface Props {
  transfers: Transfers;
  onStored: () => void;
  onError: (error: unknown) => void;
}

/** TransferList shows what is on its way. */
export function TransferList({ transfers, onStored, onError }: Props) {
  const [all, setAll] = useState(transfers.all);
  useEffect(() => transfers.onChange(() => setAll(transfers.all)), []);
  const done = all.filter(({ state }) => state === "ready").length;
  useEffect(() => {
    if (done) onStored();
  }, [done]);

  if (all.length === 0) return null;
  const order = { sending: 0, failed: 1, paused: 2, inspecting: 3, queued: 4, rejected: 5, ready: 6 };
  const first = [...all].sort((a, b) => order[a.state] - order[b.state] || a.key - b.key).slice(0, shown);
  const finished = all.filter(({ state }) => state === "ready" || state === "rejected");
  return (
    <section aria-labelledby="transfers">
      <div class="bar">
        <h2 id="transfers">Uploads</h2>
        <p role="status">
          {done} of {all.length} done
        </p>
        {finished.length > 0 && <button onClick={() => finished.forEach((transfer) => transfers.dismiss(transfer))}>Clear finished</button>}
      </div>
      <ul class="rows">
        {first.map((transfer) => (
          <Row key={transfer.key} transfer={transfer} transfers={transfers} onError={onError} />
        ))}
      </ul>
      {all.length > shown && <p>and {all.length - shown} more</p>}
    </section>
  );
}

const words = { queued: "waits for its turn", sending: "", paused: "paused", failed: "", inspecting: "is being inspected", ready: "ready", rejected: "refused" };

function Row({ transfer, transfers, onError }: { transfer: Transfer; transfers: Transfers; onError: (error: unknown) => void }) {
  const { name, size, state, sent, speed, error, needsFile } = transfer;
  const input = useRef<HTMLInputElement>(null);
  const going = state === "sending" || state === "queued";
  const stopped = state === "paused" || state === "failed";
  return (
    <li>
      <div class="what">
        <strong dir="auto">{name}</strong>
        <span class="quiet">
          {bytes(size)} {words[state]}
          {state === "sending" && ` ${Math.floor((100 * sent) / Math.max(1, size))} %, ${bytes(speed)}/s, ${speed ? duration((size - sent) / speed) : "…"} left`}
        </span>
        {(going || stopped) && <progress max={size || 1} value={sent} aria-label={`Progress of ${name}`} />}
        {error && (
          <span class="error" role={state === "failed" ? "alert" : undefined}>
            {state === "rejected" ? (reasons[error] ?? error) : error}
          </span>
        )}
      </div>
      <div class="actions">
        {going && <button onClick={() => transfers.pause(transfer)} aria-label={`Pause ${name}`}>Pause</button>}
        {stopped && !needsFile && (
          <button onClick={() => transfers.proceed(transfer)} aria-label={`${state === "failed" ? "Try again with" : "Resume"} ${name}`}>
            {state === "failed" ? "Try again" : "Resume"}
          </button>
        )}
        {stopped && needsFile && (
          <>
            <button onClick={() => input.current!.click()} aria-label={`Choose ${name} again`}>Choose the file again</button>
            <input
              ref={input}
              type="file"
              hidden
              aria-label={`The file ${name}`}
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) transfers.proceed(transfer, file);
              }}
            />
          </>
        )}
        {(going || stopped) && <button onClick={() => transfers.cancel(transfer).catch(onError)} aria-label={`Cancel ${name}`}>Cancel</button>}
      </div>
    </li>
  );
}
