/** What a build is for: the runner's builds replace the names by modules in contestants/. */
declare module 'bench:contestant' {
  export const openEngine: import('./engine.ts').Open;
}

declare module 'bench:client' {
  export const openFromPage: import('./engine.ts').Open;
}
