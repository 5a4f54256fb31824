/** What Vite adds to modules of the demo: files imported by address, and the build's mode. */
declare module '*?url' {
  const url: string;
  export default url;
}

interface ImportMeta {
  readonly env: { readonly PROD: boolean; readonly BASE_URL: string };
}
