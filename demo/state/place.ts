/** Where a person was in a database: the editor's text and the moment. Kept in localStorage, so that a reload goes on there. */
export interface Place {
  readonly text?: string | undefined;
  /** Sequence number of the moment; null is now. */
  readonly moment?: number | null | undefined;
  /** The branch; main where there is none. */
  readonly branch?: string | undefined;
}

export function readPlace(database: string): Place {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key(database)) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return {};
    const { text, moment, branch } = stored as Readonly<Record<string, unknown>>;
    return {
      text: typeof text === 'string' ? text : undefined,
      moment: typeof moment === 'number' ? moment : null,
      branch: typeof branch === 'string' ? branch : undefined,
    };
  } catch {
    return {};
  }
}

export function keepPlace(database: string, place: Place): void {
  try {
    localStorage.setItem(key(database), JSON.stringify({ ...readPlace(database), ...place }));
  } catch {
    // A full localStorage costs the place, nothing else.
  }
}

function key(database: string): string {
  return `drift.place.${database}`;
}
