/**
 * Completion of columns: those of the tables that the statement under the cursor mentions, before anything else.
 * (Tables, keywords and `alias.column` come from CodeMirror's SQL support.)
 */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { TableInfo } from '../catalog.ts';
import { mentionedTables, statementAt } from './statements.ts';

export function columnSource(tables: readonly TableInfo[]): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const word = context.matchBefore(/[\w$]*/);
    if (word === null || (word.from === word.to && !context.explicit)) return null;
    const before = context.state.sliceDoc(Math.max(0, word.from - 200), word.from);
    if (before.endsWith('.') || /\b(from|join|into|update|table)\s+$/i.test(before)) return null;
    const statement = statementAt(context.state.doc.toString(), context.pos);
    const mentioned = new Set(statement === undefined ? [] : mentionedTables(statement.text));
    const options = new Map<string, Completion>();
    for (const table of tables) {
      if (!mentioned.has(table.name)) continue;
      for (const { name, type } of table.columns)
        options.set(name, { label: name, detail: `${type}, ${table.name}`, type: 'property', boost: 50 });
    }
    return options.size === 0 ? null : { from: word.from, options: [...options.values()], validFor: /^[\w$]*$/ };
  };
}
