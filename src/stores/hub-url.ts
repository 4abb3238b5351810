import type { StoreAddress } from './store-url.ts';

type HubAddress = Extract<StoreAddress, { kind: 'hf' }>;

/** Where the Hugging Face Hub answers: `HF_ENDPOINT`, as its own client reads it, else https://huggingface.co. */
export function hubOrigin(environment: NodeJS.ProcessEnv = process.env): string {
  return (environment['HF_ENDPOINT'] ?? 'https://huggingface.co').replace(/\/+$/, '');
}

/** `resolve` of the Hub's HTTP form: the bytes of a file, after a redirect to where they lie. */
export function hubFileUrl(address: HubAddress): URL {
  const folder = address.repository === 'models' ? '' : `${address.repository}/`;
  const key = address.key.split('/').map(encodeURIComponent).join('/');
  return new URL(
    `${hubOrigin()}/${folder}${address.id}/resolve/${encodeURIComponent(address.revision)}/${key}`,
  );
}

/** The listing of a folder with all below it, page by page. */
export function hubTreeUrl(address: HubAddress): URL {
  const key = address.key.replace(/\/+$/, '').split('/').map(encodeURIComponent).join('/');
  return new URL(
    `${hubOrigin()}/api/${address.repository}/${address.id}/tree/${encodeURIComponent(address.revision)}${key === '' ? '' : `/${key}`}?recursive=true`,
  );
}

/** The user's token for the Hub; it is sent to the Hub alone. */
export function hubAuthorization(environment: NodeJS.ProcessEnv = process.env): string | null {
  const token = environment['HF_TOKEN'] ?? environment['HUGGING_FACE_HUB_TOKEN'];
  return token === undefined || token === '' ? null : `Bearer ${token}`;
}
