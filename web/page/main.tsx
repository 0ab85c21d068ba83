import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { cameBack } from "./provider.ts";
import { isSignedIn, leave, signInBack, signOut } from "./session.ts";
import { SignIn } from "./signin.tsx";
import { Transfers } from "./transfers.ts";
import { Files } from "./files.tsx";

const transfers = new Transfers();

function App({ wrong }: { wrong: string }) {
  const [signedIn, setSignedIn] = useState(isSignedIn());
  const [notice, setNotice] = useState("");

  const goOut = (why: string) => {
    transfers.stopAll();
    if (why) leave();
    else signOut();
    setNotice(why);
    setSignedIn(false);
  };
  const expired = () => goOut("You are signed out. Sign in again to go on.");

  useEffect(() => {
    transfers.onExpired = expired;
    if (signedIn) void transfers.recall();
  }, [signedIn]);

  return signedIn ? (
    <Files transfers={transfers} onSignOut={() => goOut("")} onExpired={expired} />
  ) : (
    <SignIn notice={notice} wrong={wrong} onSignedIn={() => setSignedIn(true)} />
  );
}

/** arrive ends a sign-in that comes from the provider, and returns what is wrong with it. */
async function arrive(): Promise<string> {
  if (!cameBack()) return "";
  try {
    await signInBack();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

void arrive().then((wrong) => render(<App wrong={wrong} />, document.body));
