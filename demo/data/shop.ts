/**
 * A shop whose orders move through their states: generated, and labelled so. The generator is deterministic (a linear
 * congruential generator with a fixed seed), so that every visitor sees the same year.
 *
 * Four authors commit: the web shop takes orders, payments books them, the warehouse packs and ships, support cancels
 * and refunds. Prices rise in spring and autumn; in June the schema changes, as schemas do.
 */
import type { Change, DataSet, Step } from './step.ts';
import { inserts } from './step.ts';

const DAY = 86_400_000;
const START = Date.UTC(2025, 0, 2);
const ORDERS = 900;

const TABLES = [
  `CREATE TABLE products (
  sku text PRIMARY KEY,
  name text NOT NULL,
  price numeric(8,2) NOT NULL CHECK (price > 0),
  stock integer NOT NULL
)`,
  `CREATE TABLE orders (
  id integer PRIMARY KEY,
  customer text NOT NULL,
  status text NOT NULL CHECK (status IN ('placed', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'refunded')),
  total numeric(10,2) NOT NULL
)`,
  `CREATE TABLE order_items (
  order_id integer REFERENCES orders (id),
  sku text REFERENCES products (sku),
  quantity integer NOT NULL,
  price numeric(8,2) NOT NULL,
  PRIMARY KEY (order_id, sku)
)`,
];

const PRODUCTS: readonly (readonly [sku: string, name: string, cents: number])[] = [
  ['KET-01', 'Copper kettle', 6900],
  ['LMP-04', 'Reading lamp', 8450],
  ['CHR-11', 'Oak chair', 18900],
  ['RUG-07', 'Wool rug', 24900],
  ['CUP-02', 'Stoneware cup', 1450],
  ['BWL-03', 'Serving bowl', 3200],
  ['KNF-09', 'Bread knife', 4500],
  ['TWL-05', 'Linen towel', 2250],
  ['CLK-06', 'Wall clock', 7600],
  ['VAS-08', 'Glass vase', 5100],
];
const FIRST = ['Amara', 'Bruno', 'Chiara', 'Deniz', 'Elif', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Kaori', 'Lena'];
const LAST = [
  'Okafor',
  'Silva',
  'Conti',
  'Aydin',
  'Novak',
  'Haddad',
  'Weber',
  'Laurent',
  'Costa',
  'Berg',
  'Mori',
  'Kowalski',
];

export const SHOP: DataSet = {
  name: 'demo-shop',
  title: 'A year of a shop',
  summary: 'Orders move from placed to delivered in thousands of commits by four authors.',
  source: 'Generated data',
  examples: [
    {
      title: 'Orders by status',
      sql: `SELECT status, count(*) AS orders, sum(total) AS total\nFROM orders\nGROUP BY status\nORDER BY status;`,
      panel: 'trend',
    },
    { title: 'Latest orders: choose one to see its life', sql: `SELECT * FROM orders ORDER BY id DESC;` },
    { title: 'Prices, then and now', sql: `SELECT * FROM products ORDER BY sku;`, panel: 'compare' },
    {
      title: 'Who did what',
      sql: `SELECT author, count(*) AS commits, min(committed_at) AS first, max(committed_at) AS last
FROM drift.transactions
GROUP BY author
ORDER BY commits DESC;`,
    },
  ],
  steps: async (): Promise<readonly Step[]> => generate(),
};

interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly cents: number;
}

function generate(): Step[] {
  const random = generator(20250102);
  const prices = new Map(PRODUCTS.map(([sku, , cents]) => [sku, cents]));
  const events: Step[] = [firstStep()];
  const add = (at: number, author: string, message: string, changes: Change[]): void => {
    events.push({ at, author, message, changes });
  };
  // Prices rise on two days; orders placed later pay the new price.
  const rises = [START + 100 * DAY, START + 260 * DAY];
  let nextRise = 0;
  for (let id = 1; id <= ORDERS; id++) {
    const placed = START + DAY + Math.floor(((id + random()) / ORDERS) * 355 * DAY);
    const rise = rises[nextRise];
    if (rise !== undefined && placed > rise) {
      nextRise++;
      for (const [sku, cents] of prices)
        prices.set(sku, Math.round((cents * (104 + Math.floor(random() * 9))) / 100 / 10) * 10);
      add(rise, 'pricing', nextRise === 1 ? 'New prices for spring' : 'New prices for autumn', priceChanges(prices));
    }
    orderLife(id, placed, random, prices, add);
  }
  add(START + 160 * DAY, 'schema', 'Orders get a note', [{ sql: 'ALTER TABLE orders ADD COLUMN note text' }]);
  events.sort((a, b) => a.at - b.at);
  return separate(events);
}

function firstStep(): Step {
  const rows = PRODUCTS.map(([sku, name, cents]) => [sku, name, money(cents), 500]);
  return {
    at: START,
    author: 'schema',
    message: 'The shop opens',
    changes: [...TABLES.map((sql) => ({ sql })), ...inserts('products', ['sku', 'name', 'price', 'stock'], rows)],
  };
}

function priceChanges(prices: ReadonlyMap<string, number>): Change[] {
  return [...prices].map(([sku, cents]) => ({
    sql: 'UPDATE products SET price = $1 WHERE sku = $2',
    parameters: [money(cents), sku],
  }));
}

type Add = (at: number, author: string, message: string, changes: Change[]) => void;

/** Placed, then paid, packed, shipped, delivered; one in twelve is cancelled, a few come back. */
function orderLife(
  id: number,
  placed: number,
  random: () => number,
  prices: ReadonlyMap<string, number>,
  add: Add,
): void {
  const customer = `${pick(FIRST, random)} ${pick(LAST, random)}`;
  const lines = basket(random, prices);
  const total = lines.reduce((sum, line) => sum + line.quantity * line.cents, 0);
  const items = lines.map((line) => [id, line.sku, line.quantity, money(line.cents)]);
  add(placed, 'web shop', `Order ${id} by ${customer}`, [
    {
      sql: 'INSERT INTO orders (id, customer, status, total) VALUES ($1, $2, $3, $4)',
      parameters: [id, customer, 'placed', money(total)],
    },
    ...inserts('order_items', ['order_id', 'sku', 'quantity', 'price'], items),
  ]);
  const status = (name: string): Change => ({
    sql: 'UPDATE orders SET status = $1 WHERE id = $2',
    parameters: [name, id],
  });
  let at = placed;
  const later = (days: number): number => (at += Math.floor((0.1 + random()) * days * DAY));
  if (random() < 1 / 12) {
    add(later(2), 'support', `Order ${id} cancelled by the customer`, [status('cancelled')]);
    return;
  }
  add(later(0.5), 'payments', `Order ${id} paid`, [status('paid')]);
  const stock = lines.map((line) => ({
    sql: 'UPDATE products SET stock = stock - $1 WHERE sku = $2',
    parameters: [line.quantity, line.sku],
  }));
  add(later(1), 'warehouse', `Order ${id} packed`, [status('packed'), ...stock]);
  add(later(1), 'warehouse', `Order ${id} shipped`, [status('shipped')]);
  add(later(4), 'warehouse', `Order ${id} delivered`, [status('delivered')]);
  if (random() < 0.04) add(later(6), 'support', `Order ${id} refunded`, [status('refunded')]);
}

function basket(random: () => number, prices: ReadonlyMap<string, number>): Line[] {
  const chosen = new Map<string, Line>();
  const size = 1 + Math.floor(random() * 3);
  for (let index = 0; index < size; index++) {
    const sku = pick(PRODUCTS, random)[0];
    chosen.set(sku, { sku, quantity: 1 + Math.floor(random() * random() * 5), cents: prices.get(sku) ?? 0 });
  }
  return [...chosen.values()];
}

/** Moments must differ: events of one millisecond move apart. */
function separate(events: readonly Step[]): Step[] {
  let last = 0;
  return events.map((event) => {
    last = Math.max(event.at, last + 1);
    return { ...event, at: last };
  });
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T;
}

function money(cents: number): string {
  return (cents / 100).toFixed(2);
}
