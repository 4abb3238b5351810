/** Names that SQL can tell apart: a repeated or empty one gets a `_`; case does not count. */
export function uniqueNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((given, i) => {
    let name = given.replaceAll('\0', '') || `column${i}`;
    while (used.has(name.toLowerCase())) name = `${name}_`;
    used.add(name.toLowerCase());
    return name;
  });
}
