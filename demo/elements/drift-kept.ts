/**
 * "Retention": how long the history of each table is kept, the oldest state that can be read, who needs it, and how much there
 * is of it. What deletes history asks first, saying what goes; afterwards it says what that has freed.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { html } from 'lit';
import { errorText } from '../database.ts';
import { MAIN } from '../state/lines.ts';
import { bytes, indexOfSeq, momentOf } from '../state/moments.ts';
import type { Kept, Need } from '../state/retention.ts';
import { deleteHistory, goingBefore, limitOf, readKept, setRetention } from '../state/retention.ts';
import { keptStyles } from './kept-styles.ts';
import { ConsoleElement, shared } from './shared.ts';

/** Who needs states, as many as are named. */
const MOST_NEEDS = 4;
const CHOICES: readonly string[] = ['forever', '1 year', '90 days', '30 days', '1 day', 'none'];

/** What waits for a second click. */
interface Asked {
  readonly kept: Kept;
  readonly text: string;
  readonly label: string;
  readonly work: () => Promise<string>;
}

export class DriftKept extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    tables: { state: true },
    asked: { state: true },
    busy: { state: true },
    said: { state: true },
    error: { state: true },
  };
  static override styles: CSSResultGroup = [shared, keptStyles];

  /** undefined while they are read. */
  declare tables: readonly Kept[] | undefined;
  declare asked: Asked | undefined;
  declare busy: boolean;
  declare said: string;
  declare error: string;
  #readFor = '';
  #reading: AbortController | undefined;

  constructor() {
    super();
    this.tables = this.asked = undefined;
    this.busy = false;
    this.said = this.error = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#reading?.abort();
    this.#readFor = '';
  }

  override render(): TemplateResult {
    const { tables } = this;
    return html`
      <p role="status">${this.said}</p>
      ${this.error === '' ? '' : html`<p class="error" role="alert">${this.error}</p>`}
      ${this.state.branch === MAIN ? '' : html`<p>History is deleted on main: a branch needs its own since the fork.</p>`}
      ${tables === undefined ? html`<p class="empty">Reading…</p>` : ''}
      ${tables?.length === 0 ? html`<p class="empty">No tables.</p>` : ''}
      <ul>
        ${tables?.map((kept) => this.#table(kept))}
      </ul>
    `;
  }

  #table(kept: Kept): TemplateResult {
    const { commits, commitIndex, moment, branch, inTransaction } = this.state;
    const off = this.busy || branch !== MAIN || inTransaction;
    const seq = commits.seq[commitIndex] ?? 0;
    const before = moment === null ? 'now' : momentOf(commits, commitIndex);
    const choices = CHOICES.includes(kept.retention) ? CHOICES : [kept.retention, ...CHOICES];
    return html`<li>
      <h3>${kept.table}</h3>
      <dl>
        <div>
          <dt>History</dt>
          <dd>
            ${kept.oldVersions.toLocaleString('en')} old ${kept.oldVersions === 1 ? 'version' : 'versions'}; the table
            with them ${bytes(kept.bytes)}
          </dd>
        </div>
        <div>
          <dt>States</dt>
          <dd>${kept.from === 0 ? 'all there ever was' : this.#statesText(kept)}</dd>
        </div>
        <div>
          <dt>Needed</dt>
          <dd>${kept.needs.length === 0 ? 'by nobody' : this.#needsText(kept.needs)}</dd>
        </div>
      </dl>
      <div class="row">
        <label
          >Keep
          <select
            aria-label=${`Keep the history of ${kept.table}`}
            ?disabled=${off}
            @change=${(event: Event) => this.#askSet(kept, event.target as HTMLSelectElement)}
          >
            ${choices.map((choice) => html`<option value=${choice} .selected=${choice === kept.retention}>${choice}</option>`)}
          </select></label
        >
        <button ?disabled=${off || seq <= kept.from} @click=${() => void this.#askDelete(kept, seq)}>
          Delete before ${before}…
        </button>
      </div>
      ${this.asked?.kept === kept ? this.#question(this.asked) : ''}
    </li>`;
  }

  #question({ text, label }: Asked): TemplateResult {
    return html`<div class="asked" role="alertdialog" aria-label=${label}>
      <p>${text} Nothing brings it back.</p>
      <div class="row">
        <button class="danger" ?disabled=${this.busy} @click=${() => void this.#do()}>${label}</button>
        <button class="quiet" ?disabled=${this.busy} @click=${() => (this.asked = undefined)}>Cancel</button>
      </div>
    </div>`;
  }

  #statesText({ from, before }: Kept): string {
    const earlier = before.map(([first, last]) => (first === last ? `#${first}` : `#${first} to #${last}`));
    return `from ${this.#momentText(from)} on${earlier.length === 0 ? '' : `, and ${earlier.join(', ')}`}`;
  }

  #needsText(needs: readonly Need[]): string {
    const shown = needs
      .slice(0, MOST_NEEDS)
      .map(({ seq, isOpen, reason }) => `${this.#momentText(seq)}${isOpen ? ' and all after it' : ''}, by ${reason}`);
    return `${shown.join('; ')}${needs.length > MOST_NEEDS ? `; and ${needs.length - MOST_NEEDS} more` : ''}`;
  }

  #momentText(seq: number): string {
    const { commits } = this.state;
    return `#${seq}, ${momentOf(commits, indexOfSeq(commits, seq))}`;
  }

  #askSet(kept: Kept, select: HTMLSelectElement): void {
    const { value } = select;
    // Until it is done the setting stays as it is.
    select.value = kept.retention;
    const { database } = this.state;
    if (database === undefined) return;
    const work = async (): Promise<string> => {
      await setRetention(database, kept, value);
      return `The history of ${kept.table} is kept: ${value}.`;
    };
    const older = value === 'none' ? 'All history' : `History older than ${value}`;
    this.asked = {
      kept,
      text: `${older} of ${kept.table} goes at the next checkpoint, as far as nobody needs it.`,
      label: `Keep ${value}`,
      work,
    };
    // Keeping everything deletes nothing.
    if (value === 'forever') void this.#do();
  }

  async #askDelete(kept: Kept, seq: number): Promise<void> {
    const { database } = this.state;
    if (database === undefined) return;
    try {
      // What somebody needs stays, whatever is asked for.
      const limit = limitOf(kept, seq);
      const going = await goingBefore(database, kept, seq);
      const work = async (): Promise<string> => {
        const { freed, gone, notice } = await deleteHistory(database, kept, seq);
        return `${gone.toLocaleString('en')} old versions are gone, ${bytes(freed)} freed. ${notice}`;
      };
      const versions = `${going.toLocaleString('en')} old ${going === 1 ? 'version' : 'versions'}`;
      const single = kept.needs.filter((need) => need.seq < limit);
      const rest = single.length === 0 ? '' : ', but for those that are needed';
      const text = `${versions} of ${kept.table} go; its states before ${this.#momentText(limit)}${rest} cannot be read any more.`;
      this.asked = { kept, text, label: 'Delete history', work };
    } catch (error) {
      this.error = errorText(error);
    }
  }

  async #do(): Promise<void> {
    const { asked } = this;
    if (asked === undefined) return;
    this.busy = true;
    this.said = this.error = '';
    try {
      this.said = await asked.work();
    } catch (error) {
      this.error = errorText(error);
    }
    this.busy = false;
    this.asked = undefined;
    this.#readFor = '';
    await this.state.committed();
  }

  override willUpdate(): void {
    const { database, everyCommit, branch, dataSet, tags } = this.state;
    const key = `${dataSet?.name}|${branch}|${everyCommit.seq.length}|${tags.length}`;
    if (key === this.#readFor || database === undefined || this.busy) return;
    this.#readFor = key;
    this.#reading?.abort();
    void this.#read((this.#reading = new AbortController()).signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { database } = this.state;
    if (database === undefined) return;
    try {
      const tables = await readKept(database, signal);
      if (!signal.aborted) this.tables = tables;
    } catch (error) {
      if (!signal.aborted) this.error = errorText(error);
    }
  }
}

customElements.define('drift-kept', DriftKept);
