/**
 * Where statements begin and end in the editor's text, and what kind they are: enough of PostgreSQL's lexical rules
 * (strings, quoted names, dollar quotes, nested comments) that a semicolon inside any of them ends nothing.
 */
export interface Statement {
  readonly text: string;
  /** Offset of the statement's first character that is no space, in the editor's text. */
  readonly from: number;
  readonly to: number;
}

/** Splits a script at its semicolons; empty statements are left out. */
export function splitStatements(script: string): Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  let at = 0;
  while (at <= script.length) {
    if (at === script.length || script[at] === ';') {
      const text = script.slice(start, at);
      const lead = text.length - text.trimStart().length;
      if (stripComments(text).trim() !== '') statements.push({ text: text.trim(), from: start + lead, to: at });
      start = at + 1;
      at++;
    } else at = skipToken(script, at);
  }
  return statements;
}

/** The statement under the cursor, or the one before it when the cursor is behind the last. */
export function statementAt(script: string, cursor: number): Statement | undefined {
  const statements = splitStatements(script);
  return statements.find((statement) => cursor <= statement.to + 1) ?? statements.at(-1);
}

/** True for statements that only read, and so may run again at each move of the time line. */
export function isQuery(sql: string): boolean {
  const plain = stripComments(sql).trim();
  if (!/^(\(|select\b|with\b|values\b|table\b)/i.test(plain)) return false;
  return !/\b(insert|update|delete|truncate)\b/i.test(
    plain.replace(/'[^']*'|"[^"]*"/g, '').replace(/for\s+update/gi, ''),
  );
}

/** Names of tables after FROM, JOIN or a comma of FROM: a guess, checked by the caller against the catalogue. */
export function mentionedTables(sql: string): string[] {
  const plain = stripComments(sql).replace(/'[^']*'/g, "''");
  const names = plain.matchAll(/\b(?:from|join)\s+(?:only\s+)?(?:public\.)?("(?:[^"]|"")+"|[a-z_][\w$]*)/gi);
  return [...new Set([...names].map((match) => unquote(match[1] ?? '')))];
}

export function stripComments(sql: string): string {
  let out = '';
  let at = 0;
  while (at < sql.length) {
    const next = skipToken(sql, at);
    const comment = sql.startsWith('--', at) || sql.startsWith('/*', at);
    out += comment ? ' ' : sql.slice(at, next);
    at = next;
  }
  return out;
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/** Offset behind the string, name, comment or single character that begins at `at`. */
function skipToken(sql: string, at: number): number {
  const char = sql[at];
  if (char === "'" || char === '"') return skipQuoted(sql, at, char);
  if (sql.startsWith('--', at)) return endOr(sql.indexOf('\n', at), sql);
  if (sql.startsWith('/*', at)) return skipBlockComment(sql, at);
  if (char === '$') {
    const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(sql.slice(at, at + 80))?.[0];
    if (tag === undefined) return at + 1;
    const end = sql.indexOf(tag, at + tag.length);
    return end < 0 ? sql.length : end + tag.length;
  }
  return at + 1;
}

function skipQuoted(sql: string, at: number, mark: string): number {
  const escapes = mark === "'" && /[eE]/.test(sql[at - 1] ?? '') && !/\w/.test(sql[at - 2] ?? '');
  let next = at + 1;
  while (next < sql.length) {
    if (escapes && sql[next] === '\\') next += 2;
    else if (sql[next] !== mark) next++;
    else if (sql[next + 1] === mark) next += 2;
    else return next + 1;
  }
  return sql.length;
}

function skipBlockComment(sql: string, at: number): number {
  let depth = 0;
  let next = at;
  while (next < sql.length) {
    if (sql.startsWith('/*', next)) depth++;
    else if (sql.startsWith('*/', next)) depth--;
    else {
      next++;
      continue;
    }
    next += 2;
    if (depth === 0) return next;
  }
  return sql.length;
}

function endOr(index: number, sql: string): number {
  return index < 0 ? sql.length : index;
}
