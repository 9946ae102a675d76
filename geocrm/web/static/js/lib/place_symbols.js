// @ts-check
/** Icons of what a search or a suggestion found. */

const SYMBOLS = /** @type {Record<string, string>} */ ({
  accounts: "building-store",
  contacts: "user",
  phones: "phone",
  emails: "mail",
  places: "map-pin",
  territories: "polygon",
  visits: "route",
  campaigns: "speakerphone",
  address: "home",
  street: "road",
  poi: "flag",
  postcode: "mailbox",
  village: "map-pin",
  district: "map-pins",
  city: "building",
  regency: "building",
  region: "map-2",
  country: "world",
});

/** The icon of a kind; of one that is not known, that of its group. @param {string | null | undefined} kind @param {string} [group] */
export function symbolOf(kind, group = "search") {
  return SYMBOLS[kind ?? ""] ?? SYMBOLS[group] ?? "search";
}
