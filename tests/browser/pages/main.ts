/** What the browser tests reach in a page: the public API, as a global. */
import * as drift from '../../../src/entry/browser.ts';

declare global {
  var drift: typeof import('../../../src/entry/browser.ts');
}
globalThis.drift = drift;
