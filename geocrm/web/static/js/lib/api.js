// @ts-check
/**
 * Requests to our own server. A refusal becomes an ApiError and, unless `quiet`, a toast with the
 * sentence that the server gave (problem+json).
 */
import { t } from "./i18n.js";
import { toast } from "./toast.js";

export class ApiError extends Error {
  /** @param {number} status @param {string} message @param {Record<string, unknown>} problem */
  constructor(status, message, problem) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

/** Takes the words away that the server cannot be reached. @type {() => void} */
let reachable = () => {};

/** The token that proves a change was asked for by our own page. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}

/**
 * @typedef {object} RequestOptions
 * @property {Record<string, unknown>} [query] left out when null, undefined or ""; arrays repeat
 * @property {AbortSignal} [signal]
 * @property {boolean} [quiet] no toast
 */

/** @param {string} path @param {RequestOptions} [options] @returns {Promise<any>} */
export const getJson = (path, options) => send("GET", path, undefined, options);
/** @param {string} path @param {unknown} [body] @param {RequestOptions} [options] @returns {Promise<any>} */
export const postJson = (path, body, options) => send("POST", path, body, options);
/** @param {string} path @param {unknown} [body] @param {RequestOptions} [options] @returns {Promise<any>} */
export const patchJson = (path, body, options) => send("PATCH", path, body, options);
/** @param {string} path @param {unknown} [body] @param {RequestOptions} [options] @returns {Promise<any>} */
export const putJson = (path, body, options) => send("PUT", path, body, options);
/** @param {string} path @param {RequestOptions} [options] @returns {Promise<any>} */
export const deleteJson = (path, options) => send("DELETE", path, undefined, options);

/**
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 * @returns {string}
 */
export function withQuery(path, query = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      url.searchParams.append(name, String(one));
    }
  }
  return url.pathname + url.search;
}

/**
 * The sentence for a person from what the server answered.
 * @param {number} status
 * @param {string} body
 */
export function errorText(status, body) {
  const problem = parse(body);
  if (typeof problem.detail === "string" && problem.detail) return problem.detail;
  if (status === 401) return t("You are signed out. Sign in again.");
  if (status === 403) return t("Your role may not do this.");
  if (status === 404) return t("It was not found.");
  return t("Something went wrong (error {status}). Try again.", { status });
}

/** @param {string} method @param {string} path @param {unknown} body @param {RequestOptions} [options] */
async function send(method, path, body, options = {}) {
  const answer = await reach(method, path, body, options);
  const text = await answer.text();
  if (answer.ok) return text ? parse(text) : null;
  const error = new ApiError(answer.status, errorText(answer.status, text), parse(text));
  if (!options.quiet) toast(error.message, "bad");
  throw error;
}

/** @param {string} method @param {string} path @param {unknown} body @param {RequestOptions} options */
async function reach(method, path, body, options) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-Requested-With": "fetch" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken();
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(withQuery(path, options.query), {
      method,
      headers,
      body: body === undefined ? undefined : form ? body : JSON.stringify(body),
      signal: options.signal,
      credentials: "same-origin",
    });
    reachable();
    return answer;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    const error = new ApiError(0, t("The server cannot be reached. Check the connection and try again."), {});
    if (!options.quiet) reachable = toast(error.message, "bad");
    throw error;
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
