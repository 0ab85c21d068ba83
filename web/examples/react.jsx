import { useState } from "react";
import { createRoot } from "react-dom/client";
import { upload } from "./postern.js";

const api = "http://127.0.0.1:8080/api";

function Upload() {
  const [progress, setProgress] = useState(0);
  const [message, setMessage] = useState("");

  async function submit(event) {
    event.preventDefault();
    const { mail, password, file } = Object.fromEntries(new FormData(event.target));
    const text = new TextEncoder().encode(`${mail}:${password}`); // UTF-8
    const authorization = () => `Basic ${btoa(String.fromCharCode(...text))}`;
    const onProgress = (sent, total) => setProgress(sent / total);
    try {
      const { id } = await upload(file, { api, authorization, onProgress });
      setMessage(`Stored: ${id}`);
    } catch (error) {
      setMessage(error.message);
    }
  }

  return (
    <form onSubmit={submit}>
      <label>Mail <input name="mail" type="email" autoComplete="username" required /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required /></label>
      <label>File <input name="file" type="file" required /></label>
      <button>Upload</button>
      <progress value={progress} />
      <output>{message}</output>
    </form>
  );
}

createRoot(document.body.appendChild(document.createElement("div"))).render(<Upload />);
