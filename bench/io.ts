import { measureMediaCosts } from './io/media-costs.ts';
import { benchRemoteManifest } from './io/remote-manifest.ts';

/** Bytes and requests that reading costs, against what is wanted of it. */
const results = [await benchRemoteManifest(), await measureMediaCosts()];
if (!results.every(Boolean)) process.exitCode = 1;
