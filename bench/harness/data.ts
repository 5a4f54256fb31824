/** The tables of the workloads, made by arithmetic so that every contestant and run has the same. */
import type { TableData } from './engine.ts';

const CITIES = ['Lisbon', 'Oslo', 'Lima', 'Quito', 'Bergen', 'Rome', 'Tomar', 'Kyoto', 'Accra', 'Turin'];

/** 1,000,000 rows in full: numbers, a text of 20 values and one of which every row has its own. */
export function bigTable(rows: number): TableData {
  return {
    name: 'big',
    rows,
    key: ['id'],
    columns: [
      { name: 'id', type: 'int', values: ints(rows, (i) => i) },
      { name: 'item', type: 'int', values: ints(rows, (i) => (i * 7919) % Math.max(1, rows / 10)) },
      { name: 'category', type: 'text', values: texts(rows, (i) => `category ${i % 20}`) },
      { name: 'amount', type: 'double', values: doubles(rows, (i) => ((i * 31) % 100_000) / 100) },
      { name: 'qty', type: 'int', values: ints(rows, (i) => (i * 7) % 50) },
      { name: 'note', type: 'text', values: texts(rows, (i) => `${CITIES[(i * 13) % 10]} order ${i % 9973}`) },
    ],
  };
}

/** A tenth of the rows: what `big` is joined with, what is read by key and by index, what is inserted and updated. */
export function itemTable(rows: number, name = 'item'): TableData {
  return {
    name,
    rows,
    key: ['id'],
    columns: [
      { name: 'id', type: 'int', values: ints(rows, (i) => i) },
      { name: 'name', type: 'text', values: texts(rows, (i) => `item number ${i}`) },
      { name: 'price', type: 'double', values: doubles(rows, (i) => ((i * 7919) % 100_000) / 100) },
      { name: 'stock', type: 'int', values: ints(rows, (i) => i % 100) },
      { name: 'code', type: 'int', values: ints(rows, (i) => rows - 1 - i) },
    ],
  };
}

function ints(rows: number, value: (i: number) => number): Int32Array {
  const values = new Int32Array(rows);
  for (let i = 0; i < rows; i++) values[i] = value(i);
  return values;
}

function doubles(rows: number, value: (i: number) => number): Float64Array {
  const values = new Float64Array(rows);
  for (let i = 0; i < rows; i++) values[i] = value(i);
  return values;
}

function texts(rows: number, value: (i: number) => string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rows; i++) values.push(value(i));
  return values;
}
