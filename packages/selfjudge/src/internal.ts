// What the workspace's scripts use.
export { configurationPage } from './config/page.js';
export { verdictOfRow } from './inference/verdictRow.js';
