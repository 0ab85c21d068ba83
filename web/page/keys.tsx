import { useState } from "preact/hooks";
import { call } from "../client/api.ts";
import { Confirm } from "./dialogs.tsx";
import { moment } from "./format.ts";
import { Made } from "./made.tsx";
import { access } from "./session.ts";

/** A Key is a key for scripts: schema ScriptKey of the API's document. Only the answer that makes it has the key itself. */
interface Key {
  id: string;
  name: string;
  may: string[];
  expires: string;
  lastUsed?: string;
  key?: string;
}

const rights = ["upload", "read", "delete"];
const lifetimes = [7, 30, 90, 365];

/** Keys makes, shows and revokes the keys with which a person's scripts call the API. They are loaded when they are looked at. */
export function Keys({ onError }: { onError: (error: unknown) => void }) {
  const [keys, setKeys] = useState<Key[]>();
  const [made, setMade] = useState<Key>();
  const [revoking, setRevoking] = useState<Key>();
  const attempt = (what: Promise<unknown>) => what.then(() => true, (error) => (onError(error), false)).finally(load);
  const load = () => call<{ keys: Key[] }>(access(), "GET", "/keys").then((answer) => setKeys(answer.keys), onError);
  const revoke = (key: Key) => {
    setRevoking(undefined);
    void attempt(call(access(), "DELETE", `/keys/${key.id}`));
  };

  return (
    <section aria-labelledby="keys">
      <details onToggle={(event) => event.currentTarget.open && void load()}>
        <summary>
          <h2 id="keys">Keys for scripts</h2>
        </summary>
        <p class="quiet">A script calls the API with a key of its own, and may do no more than you choose.</p>
        <NewKey onMade={(request) => attempt(call<Key>(access(), "POST", "/keys", request).then(setMade))} />
        {keys && (
          <ul class="rows">
            {keys.map((key) => (
              <li key={key.id}>
                <div class="what">
                  <strong dir="auto">{key.name}</strong>
                  <span class="quiet">
                    may {key.may.join(", ")}; ends {moment(key.expires)}; {key.lastUsed ? `last used ${moment(key.lastUsed)}` : "never used"}
                  </span>
                </div>
                <button onClick={() => setRevoking(key)} aria-label={`Revoke ${key.name}`}>
                  Revoke
                </button>
              </li>
            ))}
          </ul>
        )}
      </details>
      {made && (
        <Made title="Your new key" note="It is shown this once. Put it where the script finds it, such as a secret of its system." label="The key itself" text={made.key!} onClose={() => setMade(undefined)} />
      )}
      {revoking && <Confirm question={`Revoke ${revoking.name}? What uses it stops working.`} yes="Revoke" onYes={() => revoke(revoking)} onNo={() => setRevoking(undefined)} />}
    </section>
  );
}

interface Request {
  name: string;
  may: string[];
  days: number;
}

function NewKey({ onMade }: { onMade: (request: Request) => Promise<boolean> }) {
  const [wrong, setWrong] = useState("");
  const [made, setMade] = useState(0);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const may = given.getAll("may").map(String);
    setWrong(may.length ? "" : "Choose what the key may do.");
    if (!may.length) return;
    if (await onMade({ name: String(given.get("name")), may, days: Number(given.get("days")) })) setMade(made + 1);
  };
  return (
    <form key={made} class="key" onSubmit={submit}>
      <label>
        What it is for <input name="name" required maxLength={100} autocomplete="off" />
      </label>
      <fieldset>
        <legend>It may</legend>
        {rights.map((right) => (
          <label key={right}>
            <input type="checkbox" name="may" value={right} /> {right}
          </label>
        ))}
      </fieldset>
      <label>
        It ends after{" "}
        <select name="days">
          {lifetimes.map((days) => (
            <option key={days} value={days} selected={days === 90}>
              {days} days
            </option>
          ))}
        </select>
      </label>
      <button>Make a key</button>
      {wrong && (
        <p class="error" role="alert">
          {wrong}
        </p>
      )}
    </form>
  );
}
