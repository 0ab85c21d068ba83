import { useEffect, useRef, useState } from "preact/hooks";
import { canPick, fromFiles, fromTransfer, pick } from "./choose.ts";
import type { Chosen } from "./transfers.ts";

/** DropZone takes files that are dropped or pasted anywhere on the page, or chosen. */
export function DropZone({ onChosen, onError }: { onChosen: (files: Chosen[]) => void; onError: (error: unknown) => void }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const take = (data: DataTransfer | null) => data && fromTransfer(data).then((files) => files.length && onChosen(files), onError);
    const listeners: [string, (event: any) => void][] = [
      ["dragover", (event: DragEvent) => (event.preventDefault(), setOver(true))],
      ["dragleave", (event: DragEvent) => event.relatedTarget === null && setOver(false)],
      ["drop", (event: DragEvent) => (event.preventDefault(), setOver(false), take(event.dataTransfer))],
      ["paste", (event: ClipboardEvent) => event.clipboardData?.files.length && take(event.clipboardData)],
    ];
    for (const [name, listener] of listeners) addEventListener(name, listener);
    return () => listeners.forEach(([name, listener]) => removeEventListener(name, listener));
  }, []);

  const choose = () => (canPick() ? pick().then((files) => files.length && onChosen(files), onError) : input.current!.click());

  return (
    <section class={over ? "drop over" : "drop"} aria-label="Upload">
      <p>Drop or paste files here</p>
      <button class="primary" onClick={choose}>
        Choose files
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          onChosen(fromFiles(event.currentTarget.files ?? []));
          event.currentTarget.value = "";
        }}
      />
    </section>
  );
}
