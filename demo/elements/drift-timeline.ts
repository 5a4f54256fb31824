/**
 * The time line: all commits of the database over their true times, and the moment the console stands at.
 *
 * The whole strip is one slider: drag or click anywhere, arrows step commit by commit, Page Up/Down move a tenth, Home
 * and End go to the first commit and to now, Space plays. Pointing at it names the commit there. Under it lie the branches
 * that are not shown, each from its fork on; a click on one goes there.
 */
import type { CSSResultGroup, PropertyDeclarations, PropertyValues, SVGTemplateResult, TemplateResult } from 'lit';
import { html, svg } from 'lit';
import type { Branch, Merge } from '../catalog.ts';
import { useBranch } from '../state/branching.ts';
import { MAIN } from '../state/lines.ts';
import { dayOf, indexOfSeq, momentOf, timeOf } from '../state/moments.ts';
import type { Lane } from './branch-lanes.ts';
import { branchLanes, LANE } from './branch-lanes.ts';
import { ConsoleElement, properties, shared } from './shared.ts';
import { HEIGHT, TimeScale } from './time-scale.ts';
import { timelineStyles } from './timeline-styles.ts';

const AXIS = 16;
const TIP = 240;
const TRAVELLED = 'drift.travelled';
const SPEEDS: readonly number[] = [5, 10, 20, 40];

export class DriftTimeline extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    width: { state: true },
    playing: { state: true },
    speed: { state: true },
    even: { state: true },
    hover: { state: true },
    naming: { state: true },
  };
  static override styles: CSSResultGroup = [shared, timelineStyles];

  declare width: number;
  declare playing: boolean;
  /** Seconds that a whole run takes. */
  declare speed: number;
  /** Commits at even distances instead of over time. */
  declare even: boolean;
  /** Index of the commit that is pointed at, -1 for none. */
  declare hover: number;
  /** The shown moment is being named. */
  declare naming: boolean;
  #scale: TimeScale | undefined;
  #lanes: readonly Lane[] = [];
  #branches: readonly Branch[] = [];
  #merges: readonly Merge[] = [];
  #frame = 0;
  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.width = Math.max(120, Math.floor(entry.contentRect.width));
  });

  constructor() {
    super();
    this.width = 640;
    this.playing = false;
    this.speed = 10;
    this.even = false;
    this.hover = -1;
    this.naming = false;
  }

  override firstUpdated(): void {
    const strip = this.renderRoot.querySelector('.strip');
    if (strip !== null) this.#observer.observe(strip);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#stop();
  }

  override render(): TemplateResult {
    const { commits, commitIndex: index, moment, branch } = this.state;
    const empty = commits.seq.length === 0;
    const at = commits.at[index] ?? 0;
    const scale = this.#scaleNow();
    const below = this.#lanes.length * LANE;
    return html`
      <div class="where" aria-live="polite">
        <div class="date">${empty ? 'No commits yet' : moment === null ? 'Now' : momentOf(commits, index)}</div>
        ${branch === MAIN ? '' : html`<div class="on" title="The branch that is shown">on <b>${branch}</b></div>`}
        ${this.naming ? this.#nameForm() : ''}
        <div class="commit" ?hidden=${this.naming}>
          ${
            empty
              ? html`<span class="muted">Every commit will appear here</span>`
              : html`<span class="what" title=${commits.message[index] ?? ''}
                    ><span class="seq">#${commits.seq[index]}</span>
                    ${commits.message[index] || html`<span class="muted">no message</span>`}</span
                  >
                  <span class="muted by"
                    >${moment !== null && momentOf(commits, index) === dayOf(at) ? '' : `${dayOf(at)}, `}${timeOf(at)}${commits.author[index] ? ` by ${commits.author[index]}` : ''}</span
                  >`
          }
        </div>
      </div>
      <div
        class="strip"
        ${properties({ '--below': `${below}px` })}
        role="slider"
        tabindex="0"
        aria-label="Moment in time"
        aria-valuemin="1"
        aria-valuemax=${Math.max(1, commits.seq.length)}
        aria-valuenow=${index + 1}
        aria-valuetext=${empty ? 'no commits' : `${moment === null ? 'now' : momentOf(commits, index)}: ${commits.message[index] ?? ''}`}
        @keydown=${this.#key}
        @pointerdown=${this.#down}
        @pointermove=${this.#move}
        @pointerleave=${() => (this.hover = -1)}
      >
        <svg width=${this.width} height=${HEIGHT + AXIS + below} aria-hidden="true">
          <path class="bars future" d=${scale.bars(index + 1, commits.seq.length)} />
          <path class="bars" d=${scale.bars(0, index + 1)} />
          ${this.#lanes.map((lane) => this.#lane(lane))} ${this.#flags(scale)}
          ${scale.ticks().map(({ x, label }) => svg`<text x=${x} y=${HEIGHT + 13} text-anchor="middle">${label}</text>`)}
        </svg>
        ${empty ? '' : html`<div class="head" ${properties({ '--x': `${scale.x(index)}px` })}></div>`}
        ${this.hover < 0 || empty ? this.#nudge() : this.#tip(scale)}
      </div>
      <div class="controls">
        <button
          class="icon"
          @click=${() => this.dispatchEvent(new CustomEvent('branches', { bubbles: true, composed: true }))}
          ?disabled=${empty}
          aria-label=${`Branches; this is ${branch}`}
          title="Branches"
        >
          <svg viewBox="0 0 16 16">
            <path
              d="M5 1.5a2 2 0 0 0-.8 3.8v5.4a2 2 0 1 0 1.6 0V9.2c.6-.5 1.4-.7 2.6-.8 2-.2 3.6-1 3.8-3.1a2 2 0 1 0-1.6 0c-.2 1-1 1.4-2.4 1.5-.9.1-1.7.3-2.4.6V5.3a2 2 0 0 0-.8-3.8z"
            />
          </svg>
        </button>
        <button
          class="icon optional"
          @click=${() => (this.naming = !this.naming)}
          ?disabled=${empty}
          aria-label="Name this moment"
          aria-pressed=${this.naming}
          title="Name this moment (CREATE TAG)"
        >
          <svg viewBox="0 0 16 16"><path d="M3 1.5h1.4v13H3zM5 2.5h8l-2 3 2 3H5z" /></svg>
        </button>
        <button
          class="icon"
          @click=${this.#togglePlay}
          ?disabled=${commits.seq.length < 2}
          aria-label=${this.playing ? 'Pause' : 'Play through time'}
          title=${this.playing ? 'Pause' : 'Play'}
        >
          ${this.playing ? svg`<svg viewBox="0 0 16 16"><path d="M4 3h3v10H4zM9 3h3v10H9z" /></svg>` : svg`<svg viewBox="0 0 16 16"><path d="M4 2.5v11l9-5.5z" /></svg>`}
        </button>
        <select aria-label="Playing time" title="Playing time" @change=${this.#setSpeed}>
          ${SPEEDS.map((seconds) => html`<option value=${seconds} ?selected=${seconds === this.speed}>${seconds} s</option>`)}
        </select>
        <button
          class="optional spacing"
          @click=${() => (this.even = !this.even)}
          aria-pressed=${this.even}
          title="Distance between commits"
        >
          ${this.even ? 'by commit' : 'by time'}
        </button>
        <button
          class="now ${moment === null ? '' : 'primary'}"
          @click=${() => this.#travel(Infinity)}
          ?disabled=${moment === null}
        >
          Now
        </button>
      </div>
    `;
  }

  /** Tags as flags at their commits. */
  #flags(scale: TimeScale): SVGTemplateResult[] {
    return this.state.tags.map(({ name, seq }) => {
      const x = scale.x(indexOfSeq(this.state.commits, seq));
      const left = x > this.width - 120;
      return svg`<path class="flag" d=${`M${x} ${HEIGHT}V2h${left ? -8 : 8}l${left ? 3 : -3} 4 ${left ? -3 : 3} 4h${left ? 7 : -7}`} />
        <text class="name" x=${left ? x - 12 : x + 12} y="10" text-anchor=${left ? 'end' : 'start'}>${name}</text>`;
    });
  }

  /** A branch that is not shown, with its name where there is room. */
  #lane({ name, y, path, from, to, dots, merges }: Lane): SVGTemplateResult {
    const left = to > this.width - 120;
    return svg`<g class="lane" @pointerdown=${(event: Event) => this.#goTo(event, name)}>
      <title>Branch ${name}</title>
      <rect x=${from} y=${y - LANE / 2} width=${this.width - from} height=${LANE} />
      <path d=${path} />
      <path class="merge" d=${merges} />
      ${dots.map((x) => svg`<circle cx=${x} cy=${y} r="3" />`)}
      <text x=${left ? from - 6 : to + 8} y=${y + 4} text-anchor=${left ? 'end' : 'start'}>${name}</text>
    </g>`;
  }

  #goTo(event: Event, name: string): void {
    // Not a place on the line that is shown.
    event.stopPropagation();
    useBranch(this.state, name).catch((error: unknown) => this.state.fail(error));
  }

  #nameForm(): TemplateResult {
    return html`<form
      @submit=${this.#name}
      @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && (this.naming = false)}
    >
      <input name="tag" required maxlength="40" aria-label="Name of this moment" placeholder="Name of this moment" />
      <button>Tag</button>
    </form>`;
  }

  #name(event: SubmitEvent): void {
    event.preventDefault();
    const name = new FormData(event.currentTarget as HTMLFormElement).get('tag');
    this.naming = false;
    if (typeof name === 'string' && name.trim() !== '') void this.state.tag(name.trim());
  }

  override updated(changed: PropertyValues): void {
    if (changed.get('naming') === false && this.naming) this.renderRoot.querySelector('input')?.focus();
  }

  /** Said until the time line was moved for the first time. */
  #nudge(): TemplateResult | string {
    if (this.state.commits.seq.length < 2 || localStorage.getItem(TRAVELLED) !== null) return '';
    return html`<div class="nudge">Drag into the past</div>`;
  }

  #tip(scale: TimeScale): TemplateResult {
    const { commits } = this.state;
    const at = commits.at[this.hover] ?? 0;
    const x = scale.x(this.hover);
    const left = Math.max(0, Math.min(this.width - TIP, x - TIP / 2));
    return html`<div class="at" ${properties({ '--x': `${x}px` })}></div>
      <div class="tip" ${properties({ '--x': `${left}px` })}>
        <b>${dayOf(at)}</b> <span class="muted">${timeOf(at)} #${commits.seq[this.hover]}</span>
        <div>${commits.message[this.hover]}</div>
      </div>`;
  }

  /** The scale of this width, kept while nothing of it changes: a drag asks for it at every frame. */
  #scaleNow(): TimeScale {
    const { commits, everyCommit, branches, branch, merges } = this.state;
    const known = this.#scale;
    const isSame =
      known?.commits === commits && known.all === everyCommit && this.#branches === branches && this.#merges === merges;
    if (isSame && known.width === this.width && known.even === this.even) return known;
    const scale = (this.#scale = new TimeScale(commits, this.width, this.even, everyCommit));
    this.#branches = branches;
    this.#merges = merges;
    this.#lanes = branchLanes(everyCommit, branches, branch, (seq) => scale.xOfSeq(seq), merges);
    return scale;
  }

  #travel(index: number): void {
    localStorage.setItem(TRAVELLED, 'yes');
    this.#stop();
    this.state.travel(index);
  }

  #key(event: KeyboardEvent): void {
    const { commitIndex: index, commits } = this.state;
    const page = Math.max(1, Math.round(commits.seq.length / 10));
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: index - 1,
      ArrowDown: index - 1,
      ArrowRight: index + 1,
      ArrowUp: index + 1,
      PageDown: index - page,
      PageUp: index + page,
      Home: 0,
      End: Infinity,
    };
    const target = moves[event.key];
    if (event.key === ' ') this.#togglePlay();
    else if (target === undefined) return;
    else this.#travel(target);
    event.preventDefault();
  }

  #down(event: PointerEvent): void {
    const strip = event.currentTarget as HTMLElement;
    strip.setPointerCapture(event.pointerId);
    this.#travelTo(event, strip);
  }

  #move(event: PointerEvent): void {
    const strip = event.currentTarget as HTMLElement;
    if (strip.hasPointerCapture(event.pointerId)) return this.#travelTo(event, strip);
    if (event.pointerType === 'mouse') this.hover = this.#indexAt(event, strip);
  }

  #travelTo(event: PointerEvent, strip: HTMLElement): void {
    this.hover = -1;
    this.#travel(this.#indexAt(event, strip));
  }

  #indexAt(event: PointerEvent, strip: HTMLElement): number {
    return this.#scaleNow().indexAt(event.clientX - strip.getBoundingClientRect().left);
  }

  #setSpeed(event: Event): void {
    this.speed = Number((event.target as HTMLSelectElement).value);
  }

  #togglePlay(): void {
    if (this.playing) return this.#stop();
    const { state } = this;
    if (state.moment === null) state.travel(0);
    this.playing = true;
    const last = state.commits.seq.length - 1;
    const from = this.#scaleNow().x(state.commitIndex);
    const started = performance.now();
    const pixelsPerMs = this.#scaleNow().inner / (this.speed * 1000);
    const step = (now: number): void => {
      const x = from + (now - started) * pixelsPerMs;
      // Play shows states in their order: the last commit at or before the running line.
      let index = state.commitIndex;
      const scale = this.#scaleNow();
      while (index < last && scale.x(index + 1) <= x) index++;
      state.travel(index);
      if (index >= last) this.#stop();
      else this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #stop(): void {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
  }
}

customElements.define('drift-timeline', DriftTimeline);
