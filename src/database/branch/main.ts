/** The name of the line that a database begins with. */
export const MAIN = 'main';
