/** The library's build: one ES module for each entry point; declarations come from tsc. */
import { defineConfig } from 'vite';

export default defineConfig({
  publicDir: false,
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    minify: false,
    lib: { entry: { node: 'src/entry/node.ts', engine: 'src/entry/engine.ts' }, formats: ['es'] },
    rollupOptions: { external: [/^node:/] },
  },
});
