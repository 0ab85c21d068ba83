import { useState } from "preact/hooks";
import { call } from "../client/api.ts";
import { Confirm } from "./dialogs.tsx";
import { Made } from "./made.tsx";
import { access, api } from "./session.ts";

/** A Link is a link for guests: schema Link of the API's document. Nothing is stored of it. */
interface Link {
  id: string;
  from: string;
  token: string;
}

const lifetimes = [1, 7, 30, 90];
const day = 24 * 60 * 60 * 1000;

/** Links makes links by which people without an account upload for somebody, and revokes them. Nobody can list them. */
export function Links({ onError }: { onError: (error: unknown) => void }) {
  const [made, setMade] = useState<Link>();
  const [revoking, setRevoking] = useState(false);
  const [said, setSaid] = useState("");
  const create = (request: object) => call<Link>(access(), "POST", "/links", request).then((link) => (setSaid(""), setMade(link), true), (error) => (onError(error), false));
  const revoke = () => {
    setRevoking(false);
    call(access(), "DELETE", "/links").then(() => setSaid("All links are revoked."), onError);
  };

  return (
    <section aria-labelledby="links">
      <details>
        <summary>
          <h2 id="links">Links for guests</h2>
        </summary>
        <p class="quiet">Ask somebody without an account for files: with a link they upload for you, and do nothing else.</p>
        <NewLink onMade={create} />
        <p>
          Links are not kept, so there is no list of them. <button onClick={() => setRevoking(true)}>Revoke all links</button>
        </p>
        <p role="status">{said}</p>
      </details>
      {made && (
        <Made title="Your new link" note={`It is shown this once. Send it to whom you ask: who has it can use it. Its id is ${made.id}.`} label="The link itself" text={`${api}/#link=${made.token}`} onClose={() => setMade(undefined)} />
      )}
      {revoking && <Confirm question="Revoke all links that you have made? Nothing arrives by them any more." yes="Revoke" onYes={revoke} onNo={() => setRevoking(false)} />}
    </section>
  );
}

function NewLink({ onMade }: { onMade: (request: object) => Promise<boolean> }) {
  const [made, setMade] = useState(0);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const until = new Date(Date.now() + Number(given.get("days")) * day).toISOString();
    if (await onMade({ from: given.get("from"), note: given.get("note"), count: Number(given.get("count")), until })) setMade(made + 1);
  };
  return (
    <form key={made} class="key" onSubmit={submit}>
      <label>
        Who asks, as the guest sees it <input name="from" required maxLength={100} autocomplete="name" />
      </label>
      <label>
        What you ask for <textarea name="note" maxLength={500} rows={2} />
      </label>
      <label>
        How many files <input name="count" type="number" min={1} max={10000} value={1} required />
      </label>
      <label>
        The link ends after{" "}
        <select name="days">
          {lifetimes.map((days) => (
            <option key={days} value={days} selected={days === 7}>
              {days === 1 ? "a day" : `${days} days`}
            </option>
          ))}
        </select>
      </label>
      <button>Make a link</button>
    </form>
  );
}
