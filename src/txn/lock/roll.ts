/**
 * Roll: a set that transactions join and leave all the time.
 *
 * Not a Set or Map, for these replace their table after every few additions, and the table that is given up refers to
 * the next one and to what was in it: one that has been promoted to the old generation keeps all later ones alive until
 * the next full collection. With a member a commit that made collecting cost more than the commits themselves.
 *
 * Invariant: `items[item.place] === item` for each member; `place` is -1 for who is in no roll.
 */
export interface Enrolled {
  /** Where it is in its roll; -1: nowhere. */
  place: number;
}

export class Roll<T extends Enrolled> {
  readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  /** False where it is a member already. */
  add(item: T): boolean {
    if (item.place >= 0) return false;
    item.place = this.items.length;
    this.items.push(item);
    return true;
  }

  remove(item: T): void {
    const last = this.items.at(-1);
    if (item.place < 0 || last === undefined) return;
    this.items[item.place] = last;
    last.place = item.place;
    this.items.pop();
    item.place = -1;
  }
}
