/** Files for the person: a result as CSV, and anything as a download. */
import type { TextResult } from '../database.ts';

/** RFC 4180 with a head; NULL is nothing, empty text is "". The import reads it back as it was. */
export function toCsv({ fields, rows }: TextResult): string {
  const head = fields.map((field) => quoted(field.name)).join(',');
  return [head, ...rows.map((row) => row.map(quoted).join(','))].join('\r\n') + '\r\n';
}

export function save(content: string | Uint8Array | Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content as BlobPart]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function quoted(cell: string | null): string {
  if (cell === null) return '';
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
