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
  const [name, setName] = useState(kept(nameKey));
  const [waiting, setWaiting] = useState<Chosen[]>([]);
  const [arrived, setArrived] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const typed = useRef(name);
  const usable = useRef(false);
  const transfers = useMemo(() => {
    const access = (signal?: AbortSignal) => ({ api, authorization: () => `Bearer ${token}`, signal });
    return new Transfers({ access, isActive: () => usable.current, sent, name: () => typed.current.trim() });
  }, []);

  useEffect(() => {
    const refused = (error: unknown) => {
      usable.current = false;
      setWrong(error instanceof PosternError && error.status === 401 ? "This link is not valid. Was it copied as a whole?" : (error as Error).message);
    };
    transfers.onExpired = () => refused(new PosternError("unauthorized", "", { status: 401 }));
    look(transfers.sender.access()).then((found) => {
      usable.current = true;
      setLink(found);
      void transfers.recall();
    }, refused);
  }, []);

  const send = (files: Chosen[]) => {
    if (!typed.current.trim()) {
      setWaiting(files);
      input.current?.focus();
      return;
    }
    keep(nameKey, typed.current.trim());
    setWaiting([]);
    transfers.add(files);
  };
  const onError = (error: unknown) => setWrong((error as Error).message);

  if (!link)
    return (
      <main class="signin">
        <h1>Postern</h1>
        {wrong ? <p class="error" role="alert">{wrong}</p> : <p role="status">Looking at the link…</p>}
      </main>
    );
  const left = Math.max(0, link.left - arrived);
  return (
    <main>
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
      {wrong && <p class="error" role="alert">{wrong}</p>}
      {left === 0 ? (
        <p role="status">This link is used up: nothing more can be sent with it. Thank you.</p>
      ) : (
        <>
          <label class="name">
            Your name, which {link.from} sees with the files
            <input
              ref={input}
              name="guest"
              autocomplete="name"
              required
              maxLength={100}
              value={name}
              onInput={(event) => setName((typed.current = event.currentTarget.value))}
            />
          </label>
          {waiting.length > 0 && (
            <p role="alert">
              {name.trim() ? "" : "Write your name first. "}
              <button class="primary" disabled={!name.trim()} onClick={() => send(waiting)}>
                Send {waiting.length === 1 ? "the file" : `${waiting.length} files`}
              </button>
            </p>
          )}
          <DropZone onChosen={send} onError={onError} />
        </>
      )}
      <TransferList transfers={transfers} onStored={() => setArrived(transfers.all.filter(({ state, measured }) => state === "ready" && measured.at > 0).length)} onError={onError} />
      <p class="quiet">Keep this page open until all is sent. You see here only what you send from this browser.</p>
    </main>
  );
}
