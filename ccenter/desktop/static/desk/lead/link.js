// How lead pages reach the server: questions by fetch, news by the feed.

const NOTHING = { ok: false, status: 0, body: null };

/** {ok, status, body}; status 0 when nobody answered. Never throws. */
export async function ask(method, path, body) {
  const headers = { Accept: "application/json" };
  const options = { method, headers, credentials: "same-origin" };
  if (method !== "GET") headers["X-CSRFToken"] = csrf();
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(path, options);
    const text = await answer.text();
    if (answer.status === 401) location.reload(); // the session is over: the server shows the way to sign in
    return { ok: answer.ok, status: answer.status, body: read(text) };
  } catch {
    return NOTHING;
  }
}

export const get = (path, params = {}) => {
  const given = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return ask("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
};
export const post = (path, body = {}) => ask("POST", path, body);
export const put = (path, body) => ask("PUT", path, body);

/** Why something was refused, in a line: the server's words of {"message"}, {"detail"} or {"field": ["why"]}. */
export function why({ body, status }) {
  if (!status) return gettext("The server does not answer.");
  if (!body || typeof body !== "object") return gettext("That did not work.");
  if (body.message || body.detail) return String(body.message || body.detail);
  const said = (value) => (Array.isArray(value) ? value.map(said).join(" ") : typeof value === "object" && value ? Object.values(value).map(said).join(" ") : String(value));
  return Object.entries(body).map(([field, value]) => `${field}: ${said(value)}`).join(" ") || gettext("That did not work.");
}

function read(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

function csrf() {
  const field = document.querySelector("[name=csrfmiddlewaretoken]");
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("csrftoken="));
  return field ? field.value : cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : "";
}
