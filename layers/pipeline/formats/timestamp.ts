/** `HH:MM:SS` and milliseconds after `mark`, as srt (`,`) and vtt (`.`) write time. Hours may pass 99. */
export function timestamp(seconds: number, mark: ',' | '.'): string {
  const total = Math.round(seconds * 1000);
  const pad = (value: number, digits: number) => String(Math.trunc(value)).padStart(digits, '0');
  const clock = [total / 3_600_000, (total / 60_000) % 60, (total / 1000) % 60].map((part) => pad(part, 2));
  return `${clock.join(':')}${mark}${pad(total % 1000, 3)}`;
}
