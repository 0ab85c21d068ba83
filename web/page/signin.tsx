import { useEffect, useState } from "preact/hooks";
import { begin, providerName, takesPasswords } from "./provider.ts";
import { signIn } from "./session.ts";

/** SignIn asks for mail and password, or sends people to the stage's provider. */
export function SignIn({ notice, wrong, onSignedIn }: { notice: string; wrong: string; onSignedIn: () => void }) {
  const [error, setError] = useState(wrong);
  const [busy, setBusy] = useState(false);

  // Who goes back from the provider's page may find this one as it was left.
  useEffect(() => {
    const shown = (event: PageTransitionEvent) => event.persisted && setBusy(false);
    addEventListener("pageshow", shown);
    return () => removeEventListener("pageshow", shown);
  }, []);

  const attempt = async (how: () => Promise<void>) => {
    setBusy(true);
    setError("");
    try {
      await how();
    } catch (e) {
      setError((e as Error).message);
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    void attempt(() => signIn(String(given.get("mail")), String(given.get("password"))).then(onSignedIn));
  };

  return (
    <main class="signin">
      <h1>Postern</h1>
      <p>Upload files of any size, and find them again.</p>
      {notice && <p role="status">{notice}</p>}
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {providerName && (
        <button class="primary" disabled={busy} onClick={() => attempt(begin)}>
          Continue with {providerName}
        </button>
      )}
      {providerName && takesPasswords && <p class="quiet">or with a password</p>}
      {takesPasswords && <Password busy={busy} onSubmit={submit} />}
      {!providerName && !takesPasswords && <p>Nobody can sign in on this page. The API takes tokens.</p>}
      <p class="quiet">
        <a href="/api/assets/reference.html">The API</a>
      </p>
    </main>
  );
}

function Password({ busy, onSubmit }: { busy: boolean; onSubmit: (event: SubmitEvent) => void }) {
  return (
    <form onSubmit={onSubmit}>
      <label>
        Mail <input name="mail" type="email" autocomplete="username" required autofocus={!providerName} />
      </label>
      <label>
        Password <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button class={providerName ? "" : "primary"} disabled={busy}>
        {busy ? "Signing in…" : "Sign in"}
      </button>
    </form>
  );
}
