// Requests to our own server. Everything is JSON; a failure is an `Refusal` with words a person can read.

export class Refusal extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] || document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

/** The words in an answer of the interface: {"detail": ...}, {"message": ...} or {"field": ["why", ...]}. */
function words(body) {
  if (!body || typeof body !== "object") return "";
  if (body.message || body.detail) return [body.message || body.detail].flat().join(" ");
  return Object.values(body).flat(2).filter((one) => typeof one === "string").join(" ");
}

/** Answers the body of a successful answer (null for none). Throws Refusal; status 0: the server was not reached. `version`: of what is changed. */
export async function ask(method, path, body, { timeout = 12000, keepalive = false, version = null } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: method === "GET" ? {} : { "Content-Type": "application/json", "X-CSRFToken": token(), ...(version === null ? {} : { "If-Match": `"${version}"` }) },
      body: body === undefined || body === null ? (method === "GET" ? undefined : "{}") : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(timeout),
      keepalive,
    });
  } catch (error) {
    throw new Refusal(0, gettext("The server cannot be reached. It is tried again."), error);
  }
  const text = await answer.text();
  let read = null;
  try {
    read = text ? JSON.parse(text) : null;
  } catch {
    // an error page of a proxy
  }
  if (answer.status === 401 || (answer.status === 403 && !read)) {
    throw new Refusal(answer.status, gettext("You are signed out. Load the page anew to sign in."), read);
  }
  if (!answer.ok) throw new Refusal(answer.status, words(read) || gettext("This did not work."), read);
  return read;
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body, options) => ask("POST", path, body, options);
export const patch = (path, body, options) => ask("PATCH", path, body, options);

/** An action at one's own seat: {"request", "result", "reason", "message", "call"}. Throws Refusal with the reason in words. */
export async function act(path, body) {
  let answer = await post(`/api/seat/${path}/`, body);
  for (let tries = 0; answer.result === "pending" && tries < 5; tries += 1) {
    await new Promise((done) => setTimeout(done, 1000));
    answer = await get(`/api/requests/${answer.request}/`).catch((error) => {
      if (error.body?.result) throw error;
      return answer;
    });
  }
  if (answer.result === "refused") throw new Refusal(409, answer.message, answer);
  return answer;
}
