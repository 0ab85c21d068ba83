/** bytes returns a size for people: 1.5 GiB. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; n >= 1000 && unit < units.length - 1; unit++) n /= 1024;
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

/** duration returns seconds for people: 1 h 5 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** moment returns a date and time for people. */
export const moment = (iso: string): string => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** reasons says to people why an upload was refused after it was inspected. */
export const reasons: Record<string, string> = {
  type_mismatch: "The content is not of the format that its name says",
  unsafe_archive: "It would do harm when it is unpacked",
  too_many_pixels: "The picture is too large to be shown",
  size_mismatch: "It is not as large as it was said to be",
  over_quota: "There is no room for it: the quota is used up",
  link_used_up: "There is no room for it: the link is used up",
  link_revoked: "The link was revoked before it arrived",
  unsigned: "It was not uploaded through this API",
};
