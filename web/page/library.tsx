import { memo } from "./memo.tsx";
import { useCallback, useEffect, useState } from "preact/hooks";
import { describe, download, list, remove, type Upload } from "../client/postern.ts";
import { Confirm, Preview } from "./dialogs.tsx";
import { bytes, moment, reasons } from "./format.ts";
import { access } from "./session.ts";

interface Props {
  changed: number;
  onChanged: () => void;
  onError: (error: unknown) => void;
}

type Filter = "" | Upload["status"];

/** Library shows what is stored, a page of the API at a time. */
export function Library({ changed, onChanged, onError }: Props) {
  const [filter, setFilter] = useState<Filter>("");
  const [pages, setPages] = useState<Upload[][]>([]);
  const [cursor, setCursor] = useState<string>();
  const [busy, setBusy] = useState(true);
  const [deleting, setDeleting] = useState<Upload>();
  const [viewing, setViewing] = useState<Upload>();

  const load = (after?: string) => {
    setBusy(true);
    list({ status: filter || undefined, limit: 100, cursor: after }, access()).then(
      (page) => {
        setPages((before) => (after ? [...before, page.uploads] : [page.uploads]));
        setCursor(page.cursor);
        setBusy(false);
      },
      (error) => (setBusy(false), onError(error)),
    );
  };
  useEffect(() => load(), [filter, changed]);

  const replace = useCallback((upload: Upload) => setPages((all) => all.map((page) => (page.some(({ id }) => id === upload.id) ? page.map((old) => (old.id === upload.id ? upload : old)) : page))), []);
  const drop = async (upload: Upload) => {
    setDeleting(undefined);
    try {
      await remove(upload.id, access());
      onChanged();
    } catch (error) {
      onError(error);
    }
  };

  const empty = !busy && pages.every((page) => page.length === 0);
  return (
    <section aria-labelledby="library">
      <div class="bar">
        <h2 id="library">Files</h2>
        <label>
          Show{" "}
          <select value={filter} onChange={(event) => setFilter(event.currentTarget.value as Filter)}>
            <option value="">all</option>
            <option value="ready">ready</option>
            <option value="waiting">being inspected</option>
            <option value="rejected">refused</option>
          </select>
        </label>
        <button onClick={() => load()}>Refresh</button>
      </div>
      {empty && <p class="quiet">Nothing here yet.</p>}
      {pages.map((page, n) => (
        <Page key={n} uploads={page} onReplaced={replace} onDelete={setDeleting} onView={setViewing} onError={onError} />
      ))}
      {cursor && (
        <button disabled={busy} onClick={() => load(cursor)}>
          Show more
        </button>
      )}
      {deleting && <Confirm question={`Delete ${nameOf(deleting)}? It cannot be brought back.`} yes="Delete" onYes={() => void drop(deleting)} onNo={() => setDeleting(undefined)} />}
      {viewing && <Preview upload={viewing} onClose={() => setViewing(undefined)} onError={onError} />}
    </section>
  );
}

/** nameOf returns what an upload is called. */
export const nameOf = ({ title, filename, id }: Upload): string => title || filename || id;

interface RowProps {
  onReplaced: (upload: Upload) => void;
  onDelete: (upload: Upload) => void;
  onView: (upload: Upload) => void;
  onError: (error: unknown) => void;
}

// A page that has not changed is not drawn again, so that the hundredth costs as much as the first.
const Page = memo(({ uploads, ...rest }: RowProps & { uploads: Upload[] }) => (
  <ul class="rows page">
    {uploads.map((upload) => (
      <Row key={upload.id} upload={upload} {...rest} />
    ))}
  </ul>
));

const canShow = (upload: Upload) => upload.status === "ready" && /^(image\/(jpeg|png|gif|webp|avif)|video\/|audio\/)/.test(upload.detected ?? upload.type);

function Row({ upload, onReplaced, onDelete, onView, onError }: RowProps & { upload: Upload }) {
  const [renaming, setRenaming] = useState(false);
  const name = nameOf(upload);
  const rename = async (event: SubmitEvent) => {
    event.preventDefault();
    const title = String(new FormData(event.target as HTMLFormElement).get("title"));
    try {
      onReplaced(await describe(upload.id, { title }, { ...access(), version: upload.version }));
      setRenaming(false);
    } catch (error) {
      onError(error);
    }
  };
  const save = async () => {
    try {
      const { url } = await download(upload.id, { ...access(), disposition: "attachment" });
      location.assign(url); // an attachment: the page stays
    } catch (error) {
      onError(error);
    }
  };
  return (
    <li>
      <div class="what">
        {renaming ? (
          <form onSubmit={rename}>
            <input name="title" aria-label={`New title of ${name}`} value={upload.title || upload.filename} maxLength={300} autofocus />
            <button>Save</button> <button type="button" onClick={() => setRenaming(false)}>Cancel</button>
          </form>
        ) : (
          <strong dir="auto">{name}</strong>
        )}
        <span class="quiet">
          {bytes(upload.size ?? 0)}, {moment(upload.createdAt)}
          {upload.status === "waiting" && ", is being inspected"}
          {upload.guest && (
            <>
              , from <bdi>{upload.guest}</bdi>
            </>
          )}
        </span>
        {upload.reason && <span class="error">Refused. {reasons[upload.reason] ?? upload.reason}.</span>}
      </div>
      <div class="actions">
        {canShow(upload) && <button onClick={() => onView(upload)} aria-label={`View ${name}`}>View</button>}
        {upload.status === "ready" && <button onClick={save} aria-label={`Download ${name}`}>Download</button>}
        <button onClick={() => setRenaming(true)} aria-label={`Rename ${name}`}>Rename</button>
        <button onClick={() => onDelete(upload)} aria-label={`Delete ${name}`}>Delete</button>
      </div>
    </li>
  );
}
