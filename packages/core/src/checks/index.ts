// What arguments must be, for the packages above. Not part of the interface for users.
export * from './domain.js';
export * from './kinds.js';
