import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { download, type Upload } from "../client/postern.ts";
import { nameOf } from "./library.tsx";
import { access } from "./session.ts";

/** Dialog is a modal dialog. Escape closes it, and the focus returns to where it was. */
export function Dialog({ label, onClose, children }: { label: string; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current!.showModal(), []);
  return (
    <dialog ref={element} aria-label={label} onClose={onClose}>
      {children}
    </dialog>
  );
}

/** Confirm asks before something that cannot be undone. */
export function Confirm({ question, yes, onYes, onNo }: { question: string; yes: string; onYes: () => void; onNo: () => void }) {
  return (
    <Dialog label={yes} onClose={onNo}>
      <p>{question}</p>
      <div class="actions">
        <button autofocus onClick={onNo}>Keep</button>
        <button class="danger" onClick={onYes}>
          {yes}
        </button>
      </div>
    </Dialog>
  );
}

/** Preview shows a picture, or plays a recording, straight from the bucket. */
export function Preview({ upload, onClose, onError }: { upload: Upload; onClose: () => void; onError: (error: unknown) => void }) {
  const [url, setURL] = useState("");
  const name = nameOf(upload);
  const type = upload.detected ?? upload.type;
  useEffect(() => {
    download(upload.id, { ...access(), disposition: "inline" }).then((answer) => setURL(answer.url), (error) => (onClose(), onError(error)));
  }, []);
  return (
    <Dialog label={name} onClose={onClose}>
      <h2 dir="auto">{name}</h2>
      {url && type.startsWith("image/") && <img src={url} alt={name} />}
      {url && type.startsWith("video/") && <video src={url} controls aria-label={name} />}
      {url && type.startsWith("audio/") && <audio src={url} controls aria-label={name} />}
      <div class="actions">
        <button onClick={onClose}>Close</button>
      </div>
    </Dialog>
  );
}
