import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { cameBack } from "./provider.ts";
import { access, isSignedIn, leave, signInBack, signOut } from "./session.ts";
import { SignIn } from "./signin.tsx";
import { Transfers } from "./transfers.ts";
import { Files } from "./files.tsx";
import { Guest, token } from "./guest.tsx";
import { Sent } from "./sent.ts";

const transfers = new Transfers({ access, isActive: isSignedIn });

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

async function start(): Promise<void> {
  const link = token();
  if (link) return render(<Guest token={link} sent={await Sent.of(link)} />, document.body);
  render(<App wrong={await arrive()} />, document.body);
}

addEventListener("hashchange", () => location.reload()); // another link
void start();
