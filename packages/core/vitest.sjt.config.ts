import { defineConfig } from 'vitest/config';
export default defineConfig({ root: '/work/main', resolve: { alias: { '@selfjudge/native': '/tmp/sjt/native/index.mjs' } }, server: {fs: {strict: false}}, test: { pool: 'forks', include: ['packages/core/src/**/*.test.ts'], testTimeout: 60000 } });
