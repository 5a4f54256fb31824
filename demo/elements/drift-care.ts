/**
 * The dialog about a database as a whole. In the mode `open` it asks for the name and passphrase of an encrypted one; in the
 * mode `care` it checks and repairs the open one, changes its passphrase, and asks the browser to keep what it stores; in
 * the mode `damaged` it repairs one that does not open.
 *
 * The dialog is the browser's own: it keeps the focus, and Escape closes it.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { html } from 'lit';
import { knownDataSets } from '../data/datasets.ts';
import type { DataSet } from '../data/step.ts';
import type { Problem } from '../database.ts';
import { openingText } from '../database.ts';
import { changePassphrase, check, openSealed, repair, sealedNamed, SHORTEST_PASSPHRASE } from '../state/care.ts';
import { bytes } from '../state/moments.ts';
import { careStyles } from './care-styles.ts';
import { ConsoleElement, shared } from './shared.ts';

export type CareMode = 'open' | 'care' | 'damaged';

export class DriftCare extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    mode: { state: true },
    title: { state: true },
    busy: { state: true },
    error: { state: true },
    said: { state: true },
    problems: { state: true },
    missing: { state: true },
    stored: { state: true },
  };
  static override styles: CSSResultGroup = [shared, careStyles];

  declare mode: CareMode;
  /** Name of the encrypted database that is to be opened. */
  declare title: string;
  /** What is being done, and what came of it. */
  declare busy: string;
  declare error: string;
  declare said: string;
  declare problems: readonly Problem[] | undefined;
  declare missing: readonly string[];
  declare stored: { readonly used: number; readonly kept: boolean } | undefined;
  /** Set by the console: opens a database and shows it. */
  openIn: (dataSet: DataSet, passphrase?: string) => Promise<void> = () => Promise.resolve();

  constructor() {
    super();
    this.mode = 'care';
    this.title = '';
    this.#forget();
  }

  async show(mode: CareMode, title = ''): Promise<void> {
    this.mode = mode;
    this.title = title;
    this.#forget();
    await this.updateComplete;
    for (const input of this.renderRoot.querySelectorAll<HTMLInputElement>('input[type=password]')) input.value = '';
    this.#dialog?.showModal();
    this.#focus(title === '' ? 'name' : 'passphrase');
    if (mode === 'care') await this.#measure();
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="heading" @cancel=${this.#cancel}>
      ${this.mode === 'open' ? this.#opening() : this.mode === 'damaged' ? this.#damaged() : this.#care()}
    </dialog>`;
  }

  #opening(): TemplateResult {
    const names = knownDataSets().filter(({ encrypted }) => encrypted === true);
    const isNew = sealedNamed(this.title) === undefined;
    return html`<form @submit=${this.#openSealed}>
      <h2 id="heading">Encrypted database</h2>
      <p class="muted">
        Everything it stores is sealed with your passphrase, which stays in this page. Nobody can bring it back.
      </p>
      <label
        >Name
        <input
          name="name"
          required
          autocomplete="off"
          list="names"
          .value=${this.title}
          @input=${(event: Event) => (this.title = (event.target as HTMLInputElement).value)}
      /></label>
      <datalist id="names">${names.map(({ title }) => html`<option value=${title}></option>`)}</datalist>
      ${this.#secrets('Passphrase', isNew)} ${this.#outcome()}
      <footer>
        ${this.#close('Cancel')}
        <button class="primary" ?disabled=${this.busy !== ''}>${isNew ? 'Make it' : 'Open'}</button>
      </footer>
    </form>`;
  }

  /** A passphrase, twice where it is new. */
  #secrets(label: string, isNew: boolean): TemplateResult {
    const complete = isNew ? 'new-password' : 'current-password';
    const shortest = isNew ? SHORTEST_PASSPHRASE : 1;
    return html`<label
        >${label} <input type="password" name="passphrase" required minlength=${shortest} autocomplete=${complete}
      /></label>
      ${isNew ? html`<label>Repeat it <input type="password" name="repeated" required autocomplete=${complete} /></label>` : ''}`;
  }

  #care(): TemplateResult {
    const { dataSet } = this.state;
    return html`<h2 id="heading">${dataSet?.title}</h2>
      <section>
        <h3>Kept in this browser</h3>
        <p class="kept">${this.#keptText()}</p>
        ${this.stored?.kept === false ? html`<button ?disabled=${this.busy !== ''} @click=${this.#persist}>Ask it to keep them</button>` : ''}
      </section>
      <section>
        <h3>Check</h3>
        <p class="muted">Reads everything, history included, and changes nothing.</p>
        <div class="row">
          <button ?disabled=${this.busy !== ''} @click=${this.#check}>Check everything</button>
          <button
            class="quiet"
            ?disabled=${this.busy !== '' || dataSet === undefined}
            @click=${() => dataSet !== undefined && void this.#repair(dataSet, this.state.passphrase)}
            title="Writes what can be read into a new database; this one stays as it is"
          >
            Repair into a new database
          </button>
        </div>
      </section>
      ${
        dataSet?.encrypted === true
          ? html`<form @submit=${this.#change}>
              <h3>Passphrase</h3>
              ${this.#secrets('New passphrase', true)}
              <button ?disabled=${this.busy !== ''}>Change passphrase</button>
            </form>`
          : ''
      }
      ${this.#outcome()}
      <footer>${this.#close('Close')}</footer>`;
  }

  #damaged(): TemplateResult {
    const { damaged } = this.state;
    return html`<h2 id="heading">Repair ${damaged?.dataSet.title}</h2>
      <p>
        Writes what can be read of it into a new database, and says what is missing. The damaged one stays as it is.
      </p>
      ${this.#outcome()}
      <footer>
        ${this.#close('Close')}
        <button
          class="primary"
          ?disabled=${this.busy !== '' || damaged === undefined}
          @click=${() => damaged !== undefined && void this.#repair(damaged.dataSet, damaged.passphrase)}
        >
          Repair
        </button>
      </footer>`;
  }

  /** What is being done, or what came of it, with the list that belongs to it. */
  #outcome(): TemplateResult {
    const list = [...(this.problems ?? []).map(({ object, problem }) => `${object}: ${problem}`), ...this.missing];
    return html`<p role="status">${this.busy === '' ? this.said : this.busy}</p>
      ${this.error === '' ? '' : html`<p class="error" role="alert">${this.error}</p>`}
      ${
        list.length === 0
          ? ''
          : html`<ul class="problems">
              ${list.map((text) => html`<li>${text}</li>`)}
            </ul>`
      }`;
  }

  #close(label: string): TemplateResult {
    return html`<button type="button" ?disabled=${this.busy !== ''} @click=${() => this.#dialog?.close()}>
      ${label}
    </button>`;
  }

  #keptText(): string {
    if (this.stored === undefined) return '';
    const used = `${bytes(this.stored.used)} of this site`;
    return this.stored.kept
      ? `The browser keeps ${used} until you delete them.`
      : `The browser stores ${used}, and may clear them when space gets short.`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  #focus(name: string): void {
    this.renderRoot.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.focus();
  }

  #forget(): void {
    this.busy = this.error = this.said = '';
    this.problems = undefined;
    this.missing = [];
  }

  /** Work that has begun is not left by Escape: what it says would be lost. */
  #cancel(event: Event): void {
    if (this.busy !== '') event.preventDefault();
  }

  async #during(doing: string, work: () => Promise<string>): Promise<void> {
    this.#forget();
    this.busy = doing;
    try {
      this.said = await work();
    } catch (error) {
      this.error = openingText(error);
    }
    this.busy = '';
  }

  async #openSealed(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const passphrase = this.#passphraseIn(form);
    if (passphrase === null) return;
    this.#forget();
    this.busy = 'Opening: the passphrase becomes a key, which takes a second…';
    this.error = (await openSealed(this.state, this.title, passphrase, this.openIn)) ?? '';
    this.busy = '';
    if (this.error === '') {
      this.#dialog?.close();
      return;
    }
    // The dialog says it.
    this.state.fail(undefined);
    await this.updateComplete;
    this.#focus('passphrase');
  }

  /** Null, and said, where the two are not the same. */
  #passphraseIn(form: HTMLFormElement): string | null {
    const data = new FormData(form);
    const [passphrase, repeated] = [data.get('passphrase'), data.get('repeated')];
    if (typeof passphrase !== 'string') return null;
    if (repeated === null || repeated === passphrase) return passphrase;
    this.error = 'The two passphrases are not the same.';
    return null;
  }

  async #change(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const passphrase = this.#passphraseIn(form);
    if (passphrase === null) return;
    await this.#during('Changing the passphrase…', async () => {
      await changePassphrase(this.state, passphrase);
      form.reset();
      return 'The passphrase is changed. The old one opens nothing any more.';
    });
  }

  async #check(): Promise<void> {
    await this.#during('Checking…', async () => {
      const problems = await check(this.state);
      this.problems = problems;
      return problems.length === 0 ? 'All is well.' : `${problems.length} found.`;
    });
  }

  async #repair(damaged: DataSet, passphrase: string | undefined): Promise<void> {
    await this.#during('Repairing…', async () => {
      const { dataSet, report } = await repair(this.state, damaged, passphrase);
      await this.openIn(dataSet, passphrase);
      this.mode = 'care';
      this.missing = report.missing.map(({ table, file, reason }) => `${table ?? file}: ${reason}`);
      const count = report.missing.length;
      const missing =
        count === 0 ? 'Nothing is missing.' : `${count} ${count === 1 ? 'part is' : 'parts are'} missing:`;
      return `This is the new database, up to commit ${report.lastSeq}. ${missing}`;
    });
  }

  async #persist(): Promise<void> {
    await this.#during('Asking…', async () => {
      const granted = await navigator.storage.persist();
      await this.#measure();
      return granted
        ? 'The browser keeps it.'
        : 'The browser did not agree. Use the page for a while, or install it, and ask again.';
    });
  }

  async #measure(): Promise<void> {
    const [{ usage = 0 }, kept] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()]);
    this.stored = { used: usage, kept };
  }
}

customElements.define('drift-care', DriftCare);
