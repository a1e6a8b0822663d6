/** Why a rule cannot be read, in words. */
export class RuleError extends Error {}
