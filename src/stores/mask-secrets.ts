/** Parts of query strings that let whoever has them in, of Amazon, Google, Azure, CloudFront and the many that call it a token. */
const SECRET_NAMES =
  'X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)|Signature|sig|AWSAccessKeyId|GoogleAccessId|Policy|Key-Pair-Id|(?:access_|auth_|id_)?token|auth|api_?key|key|password|secret';

/** Their values, in any text that holds URLs; the names stay. As RE2 and JavaScript read it. */
export const SECRET_VALUES = `([?&](?:${SECRET_NAMES})=)[^&#\\s"'<>]+`;

/** User and password in front of a host. */
export const SECRET_USERS = '(://)[^/?#@\\s"\'<>]*@';

const VALUES = new RegExp(SECRET_VALUES, 'gi');
const USERS = new RegExp(SECRET_USERS, 'g');

/** A text whose URLs have lost what would let a reader in: signatures, tokens, user and password. */
export function maskSecrets(text: string): string {
  return text.includes('://') ? text.replaceAll(VALUES, '$1…').replaceAll(USERS, '$1') : text;
}
