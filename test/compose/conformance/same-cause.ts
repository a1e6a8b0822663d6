/* Whether two error messages, in two loaders' words, refuse a file for the same reason. */

const causes: readonly (readonly [cause: string, pattern: RegExp])[] = [
  ['project name', /project name must not be empty/i],
  ['invalid project name', /invalid project name/i],
  ['unknown property', /additional propert(?:y|ies) .* (?:is )?not allowed/i],
  ['missing property', /missing property|is required/i],
  ['minimum', /must be greater than or equal/i],
  ['type', /must be (?:a|an|null)\b/i],
  ['non-string key', /non-string key/i],
  ['undefined service', /depends on undefined service/i],
  ['external', /conflicting parameters "external"/i],
  ['external name', /name and external\.name conflict/i],
  ['bind source', /field Source must not be empty/i],
  ['device count', /only value allowed is 'all' or a number/i],
  ['count and ids', /"count" and "device_ids" attributes are exclusive/i],
  ['empty file', /empty compose file/i],
  ['include cycle', /include cycle detected/i],
  ['dependency cycle', /dependency cycle detected/i],
  ['extends cycle', /circular reference/i],
  ['network mode', /mutually exclusive `network_mode` and `networks`/i],
  ['missing file', /no such file or directory/i],
  ['duplicate key', /mapping key .* already defined/i],
  ['alias cycle', /cycle detected: /i],
  ['merge key', /map merge requires map or sequence of maps/i],
  ['trailing space', /declared with a trailing space/i],
  ['tab', /\btabs?\b/i],
  ['template', /invalid (?:template|interpolation format)/i],
  ['missing variable', /required variable \S+ is missing a value/i],
  ['port', /invalid containerport/i],
  ['protocol', /invalid proto/i],
  ['address', /invalid ip address/i],
  ['no port', /no port specified/i],
  ['too many colons', /too many colons/i],
  ['empty section', /empty section between colons/i],
  ['empty volume', /invalid empty volume spec/i],
  ['unterminated quote', /unterminated quoted value/i],
  ['key with a space', /key cannot contain a space/i],
  ['bad character', /unexpected character/i],
];

function causeOf(message: string): string | undefined {
  return causes.find(([, pattern]) => pattern.test(message))?.[0];
}

/** Names that both must speak of: what stands in quotes, and the YAML path at the start. */
function subjects(message: string): string[] {
  const text = message.replaceAll(/validating \S+: |failed to parse \S+: /g, '');
  const quoted = [...text.matchAll(/'([^'\s]+)'|"([^"\s]+)"/g)].map((match) => match[1] ?? match[2] ?? '');
  const path = /^((?:services|networks|volumes|secrets|configs)\.[^\s:]+)/.exec(text)?.[1] ?? '';
  const keys = path.split(/[.[\]]+/);
  return [...quoted.flatMap((subject) => subject.split(/[.[\]]+/)), ...keys].filter(
    (key) => !/^\d*$/.test(key),
  );
}

/** True when our message gives the reference's reason about the reference's subjects. */
export function isSameCause(expected: string, got: string): boolean {
  const cause = causeOf(expected);
  if (cause === undefined) return false;
  return causeOf(got) === cause && subjects(expected).every((subject) => got.includes(subject));
}
