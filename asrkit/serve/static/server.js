// What the page says to the server. Answers that are no success are thrown as Refused.

export class Refused extends Error {
  constructor(status, told) {
    super(told.error || `the server answered ${status}`);
    this.status = status;
    this.piece = told.piece;
  }
}

export async function ask(method, path, content, { raw = false } = {}) {
  const options = { method, headers: {} };
  if (content !== undefined) {
    options.body = raw ? content : JSON.stringify(content);
    options.headers["content-type"] = raw ? "application/octet-stream" : "application/json";
  }
  const answer = await fetch(path, options); // TypeError where there is no connection
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

export const pieceAt = (id, what) => `/api/pieces/${encodeURIComponent(id)}/${what}`;
export const recordingAt = (id, what = "") => `/api/recordings/${encodeURIComponent(id)}${what && "/" + what}`;

// Whether to try again later: no connection, or a server that cannot write.
export const isPassing = (error) => !(error instanceof Refused) || error.status >= 500;

export const clock = (seconds, digits = 1) => {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0")}`;
};
