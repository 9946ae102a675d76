// @ts-check
/** Numbers, money, dates, distances and durations as the person's language writes them. */
import { locale, t } from "./i18n.js";

const NOTHING = "–";
const currency = document.documentElement.dataset.currency || "IDR";
const number = new Intl.NumberFormat(locale);
const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const month = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false });

/** @param {unknown} value @returns {value is null | undefined | ""} */
const missing = (value) => value === null || value === undefined || value === "";

/** Making one takes longer than using it a hundred times. @type {Map<string, Intl.NumberFormat>} */
const made = new Map();

/** @param {Intl.NumberFormatOptions} options */
function numberFormat(options) {
  const key = Object.values(options).join();
  const found = made.get(key) ?? new Intl.NumberFormat(locale, options);
  made.set(key, found);
  return found;
}

/** 12345.6 -> "12,345.6". @param {number | null | undefined} value @param {number} [digits] */
export function formatNumber(value, digits) {
  if (missing(value)) return NOTHING;
  if (digits === undefined) return number.format(value);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return numberFormat(options).format(value);
}

/** 12345 -> "12.3K". @param {number | null | undefined} value */
export function formatCompact(value) {
  return missing(value) ? NOTHING : compact.format(value);
}

/**
 * Whole units: cents say nothing at the size of these amounts.
 * @param {number | null | undefined} amount
 * @param {{currency?: string, compact?: boolean}} [options]
 */
export function formatMoney(amount, options = {}) {
  if (missing(amount)) return NOTHING;
  return numberFormat({
    style: "currency",
    currency: options.currency ?? currency,
    currencyDisplay: "narrowSymbol",
    notation: options.compact ? "compact" : "standard",
    minimumFractionDigits: 0,
    maximumFractionDigits: options.compact ? 1 : 0,
  }).format(amount);
}

/** 0.034 -> "+3.4 %" with `signed`. @param {number | null | undefined} share @param {{signed?: boolean, digits?: number}} [options] */
export function formatShare(share, options = {}) {
  if (missing(share)) return NOTHING;
  return numberFormat({
    style: "percent",
    minimumFractionDigits: options.digits ?? 1,
    maximumFractionDigits: options.digits ?? 1,
    signDisplay: options.signed ? "exceptZero" : "auto",
  }).format(share);
}

/** @param {string | Date | null | undefined} value an ISO date, or a Date */
export function formatDate(value) {
  return missing(value) ? NOTHING : day.format(asDate(value));
}

/** @param {string | Date | null | undefined} value */
export function formatDateTime(value) {
  return missing(value) ? NOTHING : moment.format(asDate(value));
}

/** "2026-05" -> "May 2026". @param {string} value */
export function formatMonth(value) {
  return month.format(asDate(`${value}-01`));
}

/** @param {string | Date | null | undefined} value "08:30" */
export function formatTime(value) {
  return missing(value) ? NOTHING : clock.format(asDate(value));
}

/** 850 -> "850 m", 12345 -> "12.3 km". @param {number | null | undefined} metres */
export function formatDistance(metres) {
  if (missing(metres)) return NOTHING;
  if (metres < 1000) return `${number.format(Math.round(metres))} m`;
  return `${formatNumber(metres / 1000, metres < 100_000 ? 1 : 0)} km`;
}

/** 5400 -> "1 h 30 min". @param {number | null | undefined} seconds */
export function formatDuration(seconds) {
  if (missing(seconds)) return NOTHING;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t("{m} min", { m: minutes });
  return t("{h} h {m} min", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** @param {string | Date} value */
function asDate(value) {
  if (value instanceof Date) return value;
  // A bare date is that day here, not midnight in Greenwich.
  return new Date(/^\d{4}-\d{2}-\d{2}$/.test(value) ? `${value}T00:00` : value);
}
