/** Names within bracket expressions: character classes and collating elements. */
export const WORD = '\\p{L}\\p{M}\\p{N}_';
/** Character classes, as parts of a bracket expression of JavaScript's. */
export const CLASSES: Readonly<Record<string, string>> = {
  alpha: '\\p{L}',
  digit: '0-9',
  alnum: '\\p{L}\\p{N}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`\\{-~\\p{P}\\p{S}',
  cntrl: '\\p{Cc}',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
  print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ',
  xdigit: '0-9A-Fa-f',
  word: WORD,
  ascii: '\\0-\\x7f',
};
/** POSIX names of characters, in the order of their codes: the controls, and what stands for itself by its own name. */
const CONTROLS =
  'NUL SOH STX ETX EOT ENQ ACK BEL,alert BS,backspace HT,tab LF,newline VT,vertical-tab FF,form-feed CR,carriage-return SO SI ' +
  'DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4,FS IS3,GS IS2,RS IS1,US';
const PUNCTUATION =
  '  space|! exclamation-mark|" quotation-mark|# number-sign|$ dollar-sign|% percent-sign|& ampersand|\' apostrophe|( left-parenthesis|) right-parenthesis|* asterisk|+ plus-sign|, comma|- hyphen|- hyphen-minus|. period|. full-stop|/ slash|/ solidus|0 zero|1 one|2 two|3 three|4 four|5 five|6 six|7 seven|8 eight|9 nine|: colon|; semicolon|< less-than-sign|= equals-sign|> greater-than-sign|? question-mark|@ commercial-at|[ left-square-bracket|\\ backslash|\\ reverse-solidus|] right-square-bracket|^ circumflex|^ circumflex-accent|_ underscore|_ low-line|` grave-accent|{ left-brace|{ left-curly-bracket|} right-brace|} right-curly-bracket|~ tilde|\x7f DEL';
export const COLLATING: ReadonlyMap<string, string> = new Map([
  ...CONTROLS.split(' ').flatMap((group, code) =>
    group.split(',').map((name): [string, string] => [name, String.fromCodePoint(code)]),
  ),
  ...PUNCTUATION.replaceAll('||', '|')
    .split('|')
    .map((entry): [string, string] => [entry.slice(2), entry.slice(0, 1)]),
  ['vertical-line', '|'],
]);
