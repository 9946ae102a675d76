// @ts-check
/**
 * Outcomes that wait to be sent. Kept in the browser until the server has them, so that a tap
 * without signal is not lost; each carries an id of its own, so that sending twice is harmless.
 */
import { ApiError, postJson } from "../lib/api.js";

const RETRY_MS = 20_000;
// Nothing is wrong with the outcome itself: no signal, signed out, an old page, a busy server.
const LATER = new Set([0, 400, 401, 408, 429]);

/**
 * @typedef {{plan: number, name: string, body: {account: number, outcome: string, client_id: string, at: string, note?: string, postponed_to?: string | null, replaces?: string | null}}} Waiting
 */

/**
 * @param {number | null} user whose outcomes; another person on the same telephone sends their own
 * @param {{onChange: () => void, onSent: (stop: any, sent: Waiting) => void, onRefused: (error: ApiError, refused: Waiting) => void}} listeners
 */
export function createQueue(user, { onChange, onSent, onRefused }) {
  const key = `geocrm-outcomes-${user}`;
  /** @type {Waiting[]} */
  let inMemory = [];
  let sending = false;

  const read = () => {
    try {
      return /** @type {Waiting[]} */ (JSON.parse(localStorage.getItem(key) ?? "[]"));
    } catch {
      return inMemory;
    }
  };
  const write = (/** @type {Waiting[]} */ waiting) => {
    inMemory = waiting;
    try {
      localStorage.setItem(key, JSON.stringify(waiting));
    } catch {
      // Storage may be full or blocked; the outcome then waits as long as the page is open.
    }
    onChange();
  };
  const forget = (/** @type {Waiting} */ done) =>
    write(read().filter((one) => one.body.client_id !== done.body.client_id));

  async function send() {
    if (sending) return;
    sending = true;
    try {
      for (let next = read()[0]; next; next = read()[0]) {
        try {
          const stop = await postJson(`/api/v1/visits/plans/${next.plan}/outcomes`, next.body, { quiet: true });
          forget(next);
          onSent(stop, next);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          if (LATER.has(error.status) || error.status >= 500) break;
          forget(next);
          onRefused(error, next);
        }
      }
    } finally {
      sending = false;
    }
  }

  addEventListener("online", send);
  setInterval(() => read().length && send(), RETRY_MS);

  return {
    waiting: read,
    send,
    /** @param {Waiting} one */
    add(one) {
      write([...read(), one]);
      return send();
    },
  };
}

/** An id no other device makes; also where the page is not served over https. */
export function clientId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
