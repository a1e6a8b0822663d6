import type { Json, JsonObject } from '../../model/json.ts';

/** A copy as plain JSON: what a message or a state file would make of it. */
export function toJsonObject(value: object): JsonObject {
  const json: Json = JSON.parse(JSON.stringify(value));
  return isJsonObject(json) ? json : {};
}

/** Each named value as plain JSON. */
export function toJsonObjects(values: Readonly<Record<string, object>>): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toJsonObject(value)]));
}

function isJsonObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
