import { useState } from "preact/hooks";
import { signIn } from "./session.ts";

/** SignIn asks for mail and password. */
export function SignIn({ notice, onSignedIn }: { notice: string; onSignedIn: () => void }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    setBusy(true);
    setError("");
    try {
      await signIn(String(given.get("mail")), String(given.get("password")));
      onSignedIn();
    } catch (e) {
      setError((e as Error).message);
      setBusy(false);
    }
  };

  return (
    <main class="signin">
      <h1>Postern</h1>
      <p>Upload files of any size, and find them again.</p>
      {notice && <p role="status">{notice}</p>}
      <form onSubmit={submit}>
        <label>
          Mail <input name="mail" type="email" autocomplete="username" required autofocus />
        </label>
        <label>
          Password <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <button class="primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p class="quiet">
        <a href="/api/assets/reference.html">The API</a>
      </p>
    </main>
  );
}
