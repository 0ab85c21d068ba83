import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type GuestLink, link as look, PosternError } from "../client/postern.ts";
import { DropZone } from "./dropzone.tsx";
import { bytes, moment } from "./format.ts";
import { keep, kept, type Sent } from "./sent.ts";
import { api } from "./session.ts";
import { TransferList } from "./transferlist.tsx";
import { type Chosen, Transfers } from "./transfers.ts";

/** token returns the link for guests in the page's address. What follows # is sent to no server. */
export const token = (): string => /^#link=(pstl_[\w-]+)$/.exec(location.hash)?.[1] ?? "";

const nameKey = "postern guest";

/** Guest is the page of somebody who has a link: who asks for what, and what was sent from this browser. */
export function Guest({ token, sent }: { token: string; sent: Sent }) {
  const [link, setLink] = useState<GuestLink>();
  const [wrong, setWrong] = useState("");
  const [arrived, setArrived] = useState(0);
  const name = useRef(kept(nameKey));
  const usable = useRef(false);
  const transfers = useMemo(() => {
    const access = (signal?: AbortSignal) => ({ api, authorization: () => `Bearer ${token}`, signal });
    return new Transfers({ access, isActive: () => usable.current, sent, name: () => name.current.trim() });
  }, []);

  const onError = (error: unknown) => setWrong((error as Error).message);
  useEffect(() => {
    const refused = (error: unknown) => {
      usable.current = false;
      const isInvalid = error instanceof PosternError && error.status === 401;
      onError(isInvalid ? new Error("This link is not valid. Was it copied as a whole?") : error);
    };
    transfers.onExpired = () => refused(new PosternError("unauthorized", "", { status: 401 }));
    look(transfers.sender.access()).then((found) => {
      usable.current = true;
      setLink(found);
      void transfers.recall();
    }, refused);
  }, []);
  // What had arrived before is not left any more, as the API says.
  const count = () => setArrived(transfers.all.filter(({ state, measured }) => state === "ready" && measured.at > 0).length);

  if (!link) return <Looking wrong={wrong} />;
  return (
    <main>
      <Asked link={link} />
      {wrong && <p class="error" role="alert">{wrong}</p>}
      {link.left > arrived ? (
        <Offer from={link.from} name={name} onSend={(files) => transfers.add(files)} onError={onError} />
      ) : (
        <p role="status">This link is used up: nothing more can be sent with it. Thank you.</p>
      )}
      <TransferList transfers={transfers} onStored={count} onError={onError} />
      <p class="quiet">Keep this page open until all is sent. You see here only what you send from this browser.</p>
    </main>
  );
}

const Looking = ({ wrong }: { wrong: string }) => (
  <main class="signin">
    <h1>Postern</h1>
    {wrong ? <p class="error" role="alert">{wrong}</p> : <p role="status">Looking at the link…</p>}
  </main>
);

/** Asked says who asks for what. */
const Asked = ({ link }: { link: GuestLink }) => (
  <section class="ask" aria-labelledby="ask">
    <h1 id="ask">
      <bdi>{link.from}</bdi> asks you for files
    </h1>
    {link.note && <p class="note" dir="auto">{link.note}</p>}
    <p class="quiet">
      {link.count === 1 ? "One file" : `${link.count} files`} of at most {bytes(link.maxSize)}
      {link.total ? `, ${bytes(link.total)} in all` : ""}, until {moment(link.until)}. Taken are {link.formats.join(", ")}.
    </p>
  </section>
);

interface OfferProps {
  from: string;
  /** The guest's name, as it is typed. */
  name: { current: string };
  onSend: (files: Chosen[]) => void;
  onError: (error: unknown) => void;
}

/** Offer asks for a name and takes files, which wait for the name. */
function Offer({ from, name, onSend, onError }: OfferProps) {
  const [typed, setTyped] = useState(name.current);
  const [waiting, setWaiting] = useState<Chosen[]>([]);
  const input = useRef<HTMLInputElement>(null);

  const send = (files: Chosen[]) => {
    const isNamed = name.current.trim() !== "";
    setWaiting(isNamed ? [] : files);
    if (!isNamed) return input.current?.focus();
    keep(nameKey, name.current.trim());
    onSend(files);
  };
  const type = (text: string) => setTyped((name.current = text));
  return (
    <>
      <label class="name">
        <span>
          Your name, which <bdi>{from}</bdi> sees with the files
        </span>
        <input ref={input} name="guest" autocomplete="name" required maxLength={100} value={typed} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      {waiting.length > 0 && (
        <p role="alert">
          {typed.trim() ? "" : "Write your name first. "}
          <button class="primary" disabled={!typed.trim()} onClick={() => send(waiting)}>
            Send {waiting.length === 1 ? "the file" : `${waiting.length} files`}
          </button>
        </p>
      )}
      <DropZone onChosen={send} onError={onError} />
    </>
  );
}
