/** What look-ups use stays in memory while scans larger than it flow through. */
import { describe, expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { Eviction, MOST_USES } from './eviction.ts';

interface Page {
  readonly id: number;
  used: number;
}

/** A cache of pages of one byte. */
class Pages {
  readonly #budget: number;
  readonly #eviction: Eviction<Page> = new Eviction();
  readonly #pages: Page[];
  readonly #in: Set<Page> = new Set();
  readonly pinned: Set<Page> = new Set();
  misses = 0;

  constructor(count: number, budget: number) {
    this.#budget = budget;
    this.#pages = Array.from({ length: count }, (_, id) => ({ id, used: 0 }));
  }

  page(id: number): Page {
    return this.#pages[id] as Page;
  }

  read(id: number, isLookUp: boolean): void {
    const page = this.page(id);
    if (this.#in.has(page)) {
      if (page.used < MOST_USES) page.used++;
      return;
    }
    this.misses++;
    page.used = isLookUp ? 1 : 0;
    this.#in.add(page);
    this.#eviction.add(page, 1, isLookUp);
    while (this.#eviction.bytes > this.#budget) {
      const gone = this.#eviction.next(this.#budget, (item) => item !== page && !this.pinned.has(item));
      if (gone === null) break;
      this.#in.delete(gone);
    }
    if (this.pinned.size === 0) expect(this.#in.size).toBeLessThanOrEqual(this.#budget);
    expect(this.#eviction.bytes).toBe(this.#in.size);
  }

  holds(id: number): boolean {
    return this.#in.has(this.page(id));
  }
}

describe('eviction', () => {
  test('a scan ten times as big as the memory leaves looked-up pages where they are', () => {
    const pages = new Pages(1100, 100);
    for (let round = 0; round < 5; round++) for (let id = 0; id < 60; id++) pages.read(id, true);
    pages.misses = 0;
    for (let id = 100; id < 1100; id++) {
      pages.read(id, false);
      // A look-up now and then, as beside a scan.
      if (id % 10 === 0) pages.read(id % 60, true);
    }
    for (let id = 0; id < 60; id++) pages.read(id, true);
    expect(pages.misses - 1000).toBe(0);
  });

  test('scans again and again, without a look-up between, neither', () => {
    const pages = new Pages(400, 100);
    for (let round = 0; round < 5; round++) for (let id = 0; id < 60; id++) pages.read(id, true);
    for (let round = 0; round < 4; round++) for (let id = 100; id < 400; id++) pages.read(id, false);
    expect(Array.from({ length: 60 }, (_, id) => id).filter((id) => pages.holds(id)).length).toBe(60);
  });

  test('what is no longer looked up makes room for what is', () => {
    const pages = new Pages(400, 100);
    for (let round = 0; round < 5; round++) for (let id = 0; id < 90; id++) pages.read(id, true);
    for (let round = 0; round < 30; round++) for (let id = 200; id < 290; id++) pages.read(id, true);
    pages.misses = 0;
    for (let id = 200; id < 290; id++) pages.read(id, true);
    expect(pages.misses).toBe(0);
  });

  test('skewed look-ups miss less often than least recently used would', () => {
    const random = new Random(3);
    const pages = new Pages(1000, 100);
    const lru = new Map<number, true>();
    let lruMisses = 0;
    for (let i = 0; i < 30_000; i++) {
      const id = Math.floor(1000 * random.next() ** 4);
      pages.read(id, true);
      if (!lru.delete(id)) lruMisses++;
      lru.set(id, true);
      for (const oldest of lru.keys()) {
        if (lru.size <= 100) break;
        lru.delete(oldest);
      }
    }
    expect(pages.misses).toBeLessThan(lruMisses);
  });

  test('what is held stays, and nothing goes where all is held', () => {
    const pages = new Pages(50, 10);
    for (let id = 0; id < 10; id++) {
      pages.pinned.add(pages.page(id));
      pages.read(id, true);
    }
    for (let id = 10; id < 20; id++) pages.read(id, false);
    for (let id = 0; id < 10; id++) expect(pages.holds(id)).toBe(true);
  });
});

test('what grows is counted where it is, and only while it is there', () => {
  const eviction = new Eviction<Page>();
  const [kept, gone, main] = [0, 1, 2].map((id) => ({ id, used: 0 })) as [Page, Page, Page];
  for (const page of [kept, gone, main]) eviction.add(page, 10, false);
  main.used = 2;
  eviction.resize(kept, 25);
  expect(eviction.bytes).toBe(45);
  eviction.remove(gone);
  eviction.resize(gone, 100);
  expect(eviction.bytes).toBe(35);
  // It is passed on to those that were used twice, and counted there.
  expect(eviction.next(20, (page) => page !== kept)).toBe(null);
  eviction.resize(main, 12);
  expect(eviction.bytes).toBe(37);
  expect(eviction.next(20, () => true)).toBe(kept);
  expect(eviction.bytes).toBe(12);
});
