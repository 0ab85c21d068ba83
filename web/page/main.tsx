import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isSignedIn, signOut } from "./session.ts";
import { SignIn } from "./signin.tsx";
import { Transfers } from "./transfers.ts";
import { Files } from "./files.tsx";

const transfers = new Transfers();

function App() {
  const [signedIn, setSignedIn] = useState(isSignedIn());
  const [notice, setNotice] = useState("");

  const leave = (why: string) => {
    transfers.stopAll();
    signOut();
    setNotice(why);
    setSignedIn(false);
  };

  useEffect(() => {
    if (signedIn) void transfers.recall();
  }, [signedIn]);

  return signedIn ? (
    <Files transfers={transfers} onSignOut={() => leave("")} onExpired={() => leave("You are signed out. Sign in again to go on.")} />
  ) : (
    <SignIn notice={notice} onSignedIn={() => setSignedIn(true)} />
  );
}

render(<App />, document.body);
