// Times, durations and sizes as people read them. Times of the interface are ISO texts or seconds since 1970.

const two = (number) => String(number).padStart(2, "0");
const zone = JSON.parse(document.getElementById("page-data")?.textContent || "{}").time_zone;
const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** Milliseconds since 1970; null for nothing. */
export function moment(value) {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "number" ? value * 1000 : Date.parse(value);
}

/** 75 -> "1:15", 3700 -> "1:01:40". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const minutes = Math.floor(whole / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function split(at) {
  return Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));
}

/** "14:05" today, "11-21 14:05" this year, else with the year; in the centre's time zone. */
export function shortTime(value) {
  const at = moment(value);
  if (at === null) return "";
  const day = split(at);
  const today = split(Date.now());
  const time = `${day.hour}:${day.minute}`;
  if (day.year !== today.year) return `${day.year}-${day.month}-${day.day} ${time}`;
  return day.month === today.month && day.day === today.day ? time : `${day.month}-${day.day} ${time}`;
}

/** "2026-11-21" of today and some days more, in the centre's time zone. */
export function isoDay(days = 0) {
  const day = split(Date.now() + days * 86400000);
  return `${day.year}-${day.month}-${day.day}`;
}

export const yuan = (amount) => `¥${Number(amount).toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
