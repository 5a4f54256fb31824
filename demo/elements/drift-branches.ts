/**
 * The dialog of branches: go to one, make one at the moment that the time line shows, take one into its parent and decide
 * what both have changed, drop one. The dialog is the browser's own: it keeps the focus, and Escape closes it.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { html } from 'lit';
import type { Branch, Conflict } from '../catalog.ts';
import type { Merged } from '../state/branching.ts';
import {
  attempt,
  dropBranch,
  makeBranch,
  mergeBranch,
  openConflicts,
  resolveConflict,
  useBranch,
} from '../state/branching.ts';
import { bytes, indexOfSeq, momentOf } from '../state/moments.ts';
import { branchesStyles } from './branches-styles.ts';
import { careStyles } from './care-styles.ts';
import { ConsoleElement, shared } from './shared.ts';

export class DriftBranches extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    busy: { state: true },
    error: { state: true },
    merged: { state: true },
    conflicts: { state: true },
    dropping: { state: true },
  };
  static override styles: CSSResultGroup = [shared, careStyles, branchesStyles];

  declare busy: boolean;
  declare error: string;
  /** What came of the last merge. */
  declare merged: Merged | undefined;
  /** What merges into the line that is shown have left to decide. */
  declare conflicts: readonly Conflict[];
  /** The branch that a second click drops. */
  declare dropping: string;

  constructor() {
    super();
    this.busy = false;
    this.#forget();
  }

  async show(): Promise<void> {
    if (this.#dialog?.open === true) return;
    this.#forget();
    await this.updateComplete;
    this.#dialog?.showModal();
    this.renderRoot.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
    this.error = await attempt(() => this.#readConflicts());
  }

  override render(): TemplateResult {
    const { branches, inTransaction } = this.state;
    return html`<dialog
      aria-labelledby="heading"
      @cancel=${(event: Event) => this.busy && event.preventDefault()}
      @close=${() => this.#forget()}
    >
      <h2 id="heading">Branches</h2>
      ${inTransaction ? html`<p class="error">A transaction is open: COMMIT or ROLLBACK ends it.</p>` : ''}
      <ul class="branches">
        ${branches.map((branch) => this.#branch(branch))}
      </ul>
      ${this.#makeForm()} ${this.#mergedText()}
      <p class="error" role="alert">${this.error}</p>
      <footer><button type="button" ?disabled=${this.busy} @click=${() => this.#dialog?.close()}>Close</button></footer>
    </dialog>`;
  }

  #branch(branch: Branch): TemplateResult {
    const { name, parent, isCurrent } = branch;
    const off = this.busy || this.state.busy || this.state.inTransaction;
    return html`<li>
      <button
        class="to"
        aria-current=${isCurrent}
        ?disabled=${off}
        @click=${() => void this.#during(() => useBranch(this.state, name), true)}
      >
        <b>${name}</b><span class="muted">${this.#about(branch)}</span>
      </button>
      ${
        parent === null
          ? ''
          : html`<button ?disabled=${off} @click=${() => void this.#merge(branch)}>Merge into ${parent}</button>
              <button class="quiet" ?disabled=${off} @click=${() => void this.#drop(branch)}>
                ${this.dropping === name ? 'Really drop it' : 'Drop'}
              </button>`
      }
    </li>`;
  }

  #about({ parent, fork, rowsChanged, bytes: size, isCurrent }: Branch): string {
    const here = isCurrent ? 'shown' : '';
    if (parent === null) return here;
    const { everyCommit } = this.state;
    const left = `from ${parent} at #${fork}, ${momentOf(everyCommit, indexOfSeq(everyCommit, fork))}`;
    const rows = rowsChanged === 0 ? '' : `${rowsChanged.toLocaleString('en')} rows of its own, ${bytes(size)}`;
    return [here, left, rows].filter((text) => text !== '').join('; ');
  }

  #makeForm(): TemplateResult {
    const { commits, commitIndex, moment, branch } = this.state;
    const at = moment === null ? 'now' : `${momentOf(commits, commitIndex)}, #${moment}`;
    return html`<form @submit=${this.#make}>
      <h3>New branch of ${branch} at ${at}</h3>
      <div class="row">
        <input
          name="name"
          required
          maxlength="60"
          autocomplete="off"
          aria-label="Name of the branch"
          placeholder="Name"
        />
        <button class="primary" ?disabled=${this.busy || this.state.inTransaction}>Make it</button>
      </div>
      <p class="muted">It shares everything up to this moment, and takes the space of what it changes.</p>
    </form>`;
  }

  #mergedText(): TemplateResult {
    const { merged, conflicts } = this;
    const { branch } = this.state;
    return html`<p role="status">
        ${merged === undefined ? '' : `Merged into ${merged.into}: ${merged.rows} ${merged.rows === 1 ? 'row' : 'rows'} changed.`}
      </p>
      ${
        conflicts.length === 0
          ? ''
          : html`<section>
              <h3>${conflicts.length} ${conflicts.length === 1 ? 'conflict' : 'conflicts'} to decide on ${branch}</h3>
              <ul class="conflicts">
                ${conflicts.map((conflict) => this.#conflict(conflict, branch))}
              </ul>
            </section>`
      }`;
  }

  #conflict({ id, source, table, key, column, ours, theirs }: Conflict, into: string): TemplateResult {
    const choice = (side: 'OURS' | 'THEIRS', line: string, value: string | null): TemplateResult =>
      html`<button
        ?disabled=${this.busy}
        aria-label=${`${line}: ${value ?? 'NULL'}`}
        @click=${() => void this.#resolve(id, side)}
      >
        <span class="muted">${line}</span> <code>${value ?? (column === null ? 'no row' : 'NULL')}</code>
      </button>`;
    return html`<li>
      <span><b>${table}</b>${column === null ? '' : `.${column}`} <code>${keyText(key)}</code></span>
      <div class="row">${choice('OURS', into, ours)} ${choice('THEIRS', source, theirs)}</div>
    </li>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector('dialog');
  }

  #forget(): void {
    this.error = this.dropping = '';
    this.merged = undefined;
    this.conflicts = [];
  }

  async #readConflicts(): Promise<void> {
    this.conflicts = await openConflicts(this.state);
  }

  async #during(work: () => Promise<unknown>, closes = false): Promise<void> {
    this.busy = true;
    this.error = '';
    this.error = await attempt(work);
    this.busy = false;
    if (closes && this.error === '') this.#dialog?.close();
  }

  async #make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const name = new FormData(form).get('name');
    if (typeof name !== 'string' || name.trim() === '') return;
    await this.#during(() => makeBranch(this.state, name.trim()), true);
    if (this.error === '') form.reset();
  }

  async #merge(branch: Branch): Promise<void> {
    this.#forget();
    await this.#during(async () => {
      this.merged = await mergeBranch(this.state, branch);
      await this.#readConflicts();
    });
  }

  async #resolve(id: number, side: 'OURS' | 'THEIRS'): Promise<void> {
    await this.#during(async () => {
      await resolveConflict(this.state, id, side);
      await this.#readConflicts();
    });
  }

  async #drop(branch: Branch): Promise<void> {
    if (this.dropping !== branch.name) {
      this.dropping = branch.name;
      return;
    }
    this.dropping = '';
    await this.#during(async () => {
      await dropBranch(this.state, branch);
      await this.#readConflicts();
    });
  }
}

/** `{"id":"1"}` as `1`. */
function keyText(key: string): string {
  const values: unknown = JSON.parse(key);
  return typeof values === 'object' && values !== null ? Object.values(values).join(', ') : key;
}

customElements.define('drift-branches', DriftBranches);
