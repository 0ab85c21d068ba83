import { useRef, useState } from "preact/hooks";
import { Dialog } from "./dialogs.tsx";

interface Props {
  title: string;
  note: string;
  /** What the text is called. */
  label: string;
  text: string;
  onClose: () => void;
}

/** Made shows a new secret, this once. */
export function Made({ title, note, label, text, onClose }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState("");
  const copy = () => {
    input.current!.select();
    navigator.clipboard.writeText(text).then(() => setCopied("It is copied."), () => setCopied("The browser does not let the page copy it: copy it yourself."));
  };
  return (
    <Dialog label={title} onClose={onClose}>
      <h2>{title}</h2>
      <p>{note}</p>
      <input ref={input} class="secret" readOnly value={text} aria-label={label} onFocus={(event) => event.currentTarget.select()} />
      <p role="status">{copied}</p>
      <div class="actions">
        <button class="primary" onClick={copy}>
          Copy
        </button>
        <button onClick={onClose}>Close</button>
      </div>
    </Dialog>
  );
}
