/**
 * The time line: all commits of the database over their true times, and the moment the console stands at.
 *
 * Bars show how many commits fall into each few pixels (logarithmic, so that a single commit beside a busy day stays
 * visible). The whole strip is one slider: drag or click anywhere, arrows step commit by commit, Page Up/Down move a
 * tenth, Home and End go to the first commit and to now.
 */
import type { CSSResultGroup, PropertyDeclarations, SVGTemplateResult, TemplateResult } from 'lit';
import { css, html, svg } from 'lit';
import type { Commits } from '../catalog.ts';
import { dayOf, indexAt, timeOf } from '../state/moments.ts';
import { ConsoleElement, properties, shared } from './shared.ts';

const HEIGHT = 56;
const AXIS = 16;
const PAD = 12;
const BAR = 4;
const SPEEDS: readonly number[] = [5, 10, 20, 40];

export class DriftTimeline extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    width: { state: true },
    playing: { state: true },
    speed: { state: true },
    even: { state: true },
  };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare width: number;
  declare playing: boolean;
  /** Seconds that a whole run takes. */
  declare speed: number;
  /** Commits at even distances instead of over time. */
  declare even: boolean;
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
    const { commits, commitIndex: index, moment } = this.state;
    const empty = commits.seq.length === 0;
    const at = commits.at[index] ?? 0;
    return html`
      <div class="where" aria-live="polite">
        <div class="date">${empty ? 'No commits yet' : moment === null ? 'Now' : dayOf(at)}</div>
        <div class="commit">
          ${
            empty
              ? html`<span class="muted">Every commit will appear here</span>`
              : html`<span class="seq">#${commits.seq[index]}</span>
                  ${commits.message[index] || html`<span class="muted">no message</span>`}
                  <span class="muted by"
                    >${moment === null ? `${dayOf(at)}, ` : ''}${timeOf(at)}${commits.author[index] ? ` by ${commits.author[index]}` : ''}</span
                  >`
          }
        </div>
      </div>
      <div
        class="strip"
        role="slider"
        tabindex="0"
        aria-label="Moment in time"
        aria-valuemin="1"
        aria-valuemax=${Math.max(1, commits.seq.length)}
        aria-valuenow=${index + 1}
        aria-valuetext=${empty ? 'no commits' : `${moment === null ? 'now' : dayOf(at)}: ${commits.message[index] ?? ''}`}
        @keydown=${this.#key}
        @pointerdown=${this.#down}
        @pointermove=${this.#move}
      >
        <svg width=${this.width} height=${HEIGHT + AXIS} aria-hidden="true">
          <path class="bars future" d=${this.#bars(index + 1, commits.seq.length)} />
          <path class="bars" d=${this.#bars(0, index + 1)} />
          ${this.#ticks()}
        </svg>
        ${empty ? '' : html`<div class="head" ${properties({ '--x': `${this.#x(index)}px` })}></div>`}
      </div>
      <div class="controls">
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
        <button @click=${() => (this.even = !this.even)} aria-pressed=${this.even} title="Distance between commits">
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

  /** Bars of the commits with indexes from `from` up to `to`, as one path. */
  #bars(from: number, to: number): string {
    const { commits } = this.state;
    const all = this.#buckets(commits, 0, commits.seq.length);
    const part = this.#buckets(commits, from, to);
    const top = Math.log2(1 + all.reduce((most, count) => Math.max(most, count), 1));
    let path = '';
    part.forEach((count, bucket) => {
      if (count === 0) return;
      const height = 6 + Math.round(((HEIGHT - 10) * Math.log2(1 + count)) / top);
      path += `M${PAD + bucket * BAR} ${HEIGHT}v-${height}h${BAR - 1}v${height}z`;
    });
    return path;
  }

  #buckets(commits: Commits, from: number, to: number): Uint32Array {
    const buckets = new Uint32Array(Math.ceil((this.width - 2 * PAD) / BAR) + 1);
    for (let index = from; index < to && index < commits.seq.length; index++) {
      const bucket = Math.floor((this.#x(index) - PAD) / BAR);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    return buckets;
  }

  #x(index: number): number {
    const { at } = this.state.commits;
    const last = at.length - 1;
    if (last < 1) return this.width - PAD;
    const from = at[0] ?? 0;
    const share = this.even ? index / last : ((at[index] ?? 0) - from) / Math.max(1, (at[last] ?? 0) - from);
    return PAD + share * (this.width - 2 * PAD);
  }

  #indexAtX(x: number): number {
    const { commits } = this.state;
    const last = commits.at.length - 1;
    const share = Math.min(1, Math.max(0, (x - PAD) / (this.width - 2 * PAD)));
    if (share === 1) return last;
    if (this.even) return Math.round(share * last);
    const from = commits.at[0] ?? 0;
    const at = from + share * ((commits.at[last] ?? 0) - from);
    const before = indexAt(commits, at);
    // The nearer of the two neighbours: an isolated commit can be hit from both sides.
    const after = Math.min(last, before + 1);
    return at - (commits.at[before] ?? 0) < (commits.at[after] ?? 0) - at ? before : after;
  }

  #ticks(): SVGTemplateResult[] {
    const { at } = this.state.commits;
    const last = at.length - 1;
    if (last < 1 || this.even) return [];
    const from = at[0] ?? 0;
    const to = at[last] ?? 0;
    const most = Math.max(2, Math.floor(this.width / 72));
    const monthMs = 2_629_800_000;
    const months = [1, 3, 6, 12, 24, 60, 120, 240].find((step) => (to - from) / (step * monthMs) <= most);
    if (months === undefined || to - from < 2 * monthMs) {
      return [from, to].map((time, side) =>
        this.#tick(side === 0 ? PAD : this.width - PAD, dayOf(time), side === 0 ? 'start' : 'end'),
      );
    }
    const start = new Date(from);
    const first = Math.ceil((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months;
    const ticks: SVGTemplateResult[] = [];
    for (let month = first; ; month += months) {
      const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
      if (time > to) return ticks;
      const x = PAD + ((time - from) / (to - from)) * (this.width - 2 * PAD);
      if (time < from || x > this.width - 24) continue;
      const year = String(Math.floor(month / 12));
      const label = months < 12 ? new Date(time).toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' }) : year;
      ticks.push(this.#tick(Math.max(x, 16), months < 12 && month % 12 === 0 ? year : label, 'middle'));
    }
  }

  #tick(x: number, label: string, anchor: string): SVGTemplateResult {
    return svg`<text x=${x} y=${HEIGHT + 13} text-anchor=${anchor}>${label}</text>`;
  }

  #travel(index: number): void {
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
    if (strip.hasPointerCapture(event.pointerId)) this.#travelTo(event, strip);
  }

  #travelTo(event: PointerEvent, strip: HTMLElement): void {
    this.#travel(this.#indexAtX(event.clientX - strip.getBoundingClientRect().left));
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
    const from = this.#x(state.commitIndex);
    const started = performance.now();
    const pixelsPerMs = (this.width - 2 * PAD) / (this.speed * 1000);
    const step = (now: number): void => {
      const x = from + (now - started) * pixelsPerMs;
      // Play shows states in their order: the last commit at or before the running line.
      let index = state.commitIndex;
      while (index < last && this.#x(index + 1) <= x) index++;
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

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: grid;
      grid-template-columns: 264px minmax(0, 1fr) auto;
      align-items: center;
      gap: 16px;
      padding: 8px 16px;
      border-bottom: 1px solid var(--line);
      background: var(--surface);
      box-shadow: inset 0 2px 0 var(--accent);
    }
    .where {
      min-width: 0;
    }
    .date {
      font-size: 24px;
      line-height: 32px;
      font-weight: 650;
      letter-spacing: -0.02em;
      color: var(--accent);
      font-variant-numeric: tabular-nums;
    }
    .commit {
      height: 40px;
      line-height: 20px;
      overflow: hidden;
      font-size: 13px;
      overflow-wrap: anywhere;
    }
    .seq {
      font: 12px var(--mono);
      color: var(--ink-2);
    }
    .by {
      display: block;
      white-space: nowrap;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .strip {
      position: relative;
      height: 72px;
      cursor: ew-resize;
      touch-action: none;
      border-radius: var(--radius);
      overflow: hidden;
      user-select: none;
    }
    svg {
      display: block;
    }
    .strip svg {
      position: absolute;
      inset: 0;
    }
    .bars {
      fill: var(--accent);
    }
    .bars.future {
      fill: var(--line);
    }
    text {
      font: 11px var(--sans);
      fill: var(--ink-2);
    }
    .head {
      position: absolute;
      top: 0;
      left: -1px;
      width: 2px;
      height: 56px;
      background: var(--ink);
      transform: translateX(var(--x));
      pointer-events: none;
    }
    .head::after {
      content: '';
      position: absolute;
      left: -5px;
      top: 0;
      width: 12px;
      height: 12px;
      border-radius: 50%;
      background: var(--accent);
      border: 2px solid var(--surface);
      box-shadow: 0 0 0 1px var(--ink);
    }
    .controls {
      display: flex;
      gap: 8px;
    }
    .now {
      width: 64px;
    }
    .controls button[aria-pressed] {
      width: 104px;
    }
    select {
      height: 32px;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
    }
    @media (max-width: 720px) {
      :host {
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0 8px;
        padding: 8px;
      }
      .strip {
        grid-column: 1 / -1;
        grid-row: 2;
      }
      .date {
        font-size: 20px;
        line-height: 24px;
      }
      .controls {
        grid-row: 1;
        grid-column: 2;
        align-self: start;
      }
      .controls select,
      .controls button[aria-pressed] {
        display: none;
      }
      .controls button {
        min-height: 40px;
        min-width: 40px;
      }
    }
  `;
}

customElements.define('drift-timeline', DriftTimeline);
