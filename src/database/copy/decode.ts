/** Bytes of a stream to text, chunk by chunk: a character may lie across two of them. */
import { DriftError } from '../../base/error.ts';

/** Names of PostgreSQL's for encodings that a TextDecoder knows under others. */
const LABELS: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  unicode: 'utf-8',
  sqlascii: 'utf-8',
  latin2: 'iso-8859-2',
  latin3: 'iso-8859-3',
  latin4: 'iso-8859-4',
  latin6: 'iso-8859-10',
  latin7: 'iso-8859-13',
  latin8: 'iso-8859-14',
  latin9: 'iso-8859-15',
  latin10: 'iso-8859-16',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  euccn: 'gb18030',
  sjis: 'shift_jis',
  big5: 'big5',
  gbk: 'gbk',
  gb18030: 'gb18030',
};

export class Decoder {
  readonly #decoder: TextDecoder | null;

  /** `encoding`: lower case, without punctuation. Throws 22023 for an unknown one. */
  constructor(encoding: string) {
    // A browser's iso-8859-1 is windows-1252: true Latin 1 is read by hand.
    this.#decoder = encoding === 'latin1' || encoding === 'iso88591' ? null : decoderOf(encoding);
  }

  /** Text passes as it is. Throws 22021 for bytes that are no text. */
  text(chunk: string | Uint8Array): string {
    if (typeof chunk === 'string') return chunk;
    if (this.#decoder === null) {
      let text = '';
      for (let i = 0; i < chunk.length; i++) text += String.fromCharCode(chunk[i] as number);
      return text;
    }
    return this.#decode(() => this.#decoder?.decode(chunk, { stream: true }) ?? '');
  }

  /** What is left at the end. */
  end(): string {
    return this.#decode(() => this.#decoder?.decode() ?? '');
  }

  #decode(decode: () => string): string {
    try {
      return decode();
    } catch {
      throw new DriftError('22021', 'invalid byte sequence for encoding');
    }
  }
}

function decoderOf(encoding: string): TextDecoder {
  const label =
    LABELS[encoding] ?? encoding.replace(/^win(\d+)$/, 'windows-$1').replace(/^iso8859(\d+)$/, 'iso-8859-$1');
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw new DriftError('22023', 'argument to option "encoding" must be a valid encoding name');
  }
}
