/** What a field may come as; `chunking_strategy[type]` makes an object. */
export type FormValue = string | readonly string[] | Readonly<Record<string, string>>;

/**
 * Fields by name, as OpenAI's SDKs write them: `name[]` is a list (of those in `lists`, a bare name too), `name[key]` a
 * part of an object. The last of several equal names counts.
 */
export function formValues(
  fields: readonly (readonly [string, string])[],
  lists: readonly string[],
): Readonly<Record<string, FormValue>> {
  const values = new Map<string, FormValue>();
  for (const [written, value] of fields) {
    const [, name = written, key] = /^([^[\]]+)\[([^[\]]*)\]$/.exec(written) ?? [];
    const before = values.get(name);
    if (lists.includes(name) && (key === undefined || /^\d*$/.test(key))) {
      values.set(name, [...(Array.isArray(before) ? before : []), value]);
    } else if (key === undefined) {
      values.set(name, value);
    } else if (key === '') {
      values.set(name, [...(Array.isArray(before) ? before : []), value]);
    } else {
      const object = typeof before === 'object' && !Array.isArray(before) ? before : {};
      values.set(name, Object.fromEntries([...Object.entries(object), [key, value]]));
    }
  }
  return Object.fromEntries(values);
}
