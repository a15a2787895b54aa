import { defineConfig } from 'vitest/config'

// `npm run dev` serves the page on its own port and passes everything else to a running console.
const server = process.env['HOTLINE_CONSOLE'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.{ts,tsx}'],
  },
})
