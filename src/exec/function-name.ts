/** PostgreSQL's name of a function (int4pl): its id up to the arguments. Kernels are found by it. */
export function functionName(fn: { readonly id: string }): string {
  const end = fn.id.indexOf('(');
  return end < 0 ? fn.id : fn.id.slice(0, end);
}
