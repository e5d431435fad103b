/** Seconds since the epoch as bpftool writes them: local time with its offset, `2026-11-20T20:53:46+0000`. */
export function isoLocalTime(seconds: number): string {
  // Many programs are loaded in the same second.
  if (seconds !== last.seconds) last = { seconds, text: format(seconds) };
  return last.text;
}
let last = { seconds: Number.NaN, text: "" };

function format(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = -date.getTimezoneOffset();
  const away = Math.abs(offset);
  const day = [String(date.getFullYear()), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day}T${time}${offset < 0 ? "-" : "+"}${two(Math.floor(away / 60))}${two(away % 60)}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
