/**
 * One case of the simulation: a workload on a simulated disk, one fault at its k-th I/O operation or later, then a power
 * failure or the death of the process; the database is opened again, compared with the model, worked on, and compared
 * once more.
 *
 * What must hold, by fault:
 *
 *     crash, kill        everything acknowledged is there, at most the commit under way besides
 *     short-write, flush-fails, lost-handle
 *                        the statement fails with 58030; if it was the log's, every later change fails so, too, and reads go on
 *     quota              the statement fails with 53100 and leaves nothing; reads go on, and when there is room again so do
 *                        changes, without opening anew
 *     flush-lies         what the medium has lost in spite of its word may be missing; a state that never was is not shown
 *     read-error, bit-flip, misdirected-read
 *                        right answers, or an error that names the file; a bit of the last commit in the log may cost that commit
 */
import type { SessionApi } from '../../src/database/api.ts';
import type { OpenEngine } from '../../src/database/engine.ts';
import { rekey } from '../../src/database/rekey.ts';
import { SimCrash, SimDisk } from '../../src/storage/sim.ts';
import { textRows } from '../database/helper.ts';
import { SimHost } from './host.ts';
import { Backups } from './backups.ts';
import { refuseErased, untilErased } from './bytes.ts';
import { LimitModel } from './limits.ts';
import { isRefusal, Oracle } from './oracle.ts';
import type { Step, Work } from './step.ts';
import { type CaseFault, newTally, type Tally } from './tally.ts';
import { Vault } from './vault.ts';
import { type Workload, workload } from './workload.ts';
import { erased, type Erasure, type World } from './world.ts';

export interface Case {
  readonly seed: number;
  readonly commits: number;
  readonly fault: CaseFault;
  /** The fault strikes at the first operation of this number or later that it can strike. */
  readonly at: number;
  /** A short workload that ends with this kind of work. */
  readonly work?: Work | undefined;
}

/** After these the medium may hold something else than it was given, or refuse to show it. */
const DAMAGING: ReadonlySet<CaseFault> = new Set(['flush-lies', 'bit-flip']);

/** These strike one call: the same call again does what it should. */
const TRANSIENT: ReadonlySet<CaseFault> = new Set(['read-error', 'misdirected-read']);

export function diskOf({ seed, at }: Pick<Case, 'seed' | 'at'>): SimDisk {
  // One workload in three meets a medium that makes the engine wait.
  // And one in five a medium that counts at a flush, as IndexedDB.
  return new SimDisk(seed * 1000 + at, { asynchronous: seed % 3 === 0 ? 0.3 : 0, countsAtFlush: seed % 5 === 4 });
}

/** Runs one case; false where the workload ended before operation `at`. Throws what is wrong, with the case's name. */
export async function runCase(it: Case, tally: Tally): Promise<boolean> {
  try {
    return await new Run(it, tally).run();
  } catch (error) {
    const work = it.work === undefined ? '' : ` --work '${it.work}'`;
    const replay = `npm run simulate -- --seed ${it.seed} --commits ${it.commits} --fault ${it.fault} --at ${it.at}${work}`;
    throw new Error(`${replay}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

export interface Operations {
  readonly all: number;
  /** The first of the last step's: those before it are of its preparation. */
  readonly last: number;
  /** The first behind it: from there on the database is closed. */
  readonly end: number;
}

/** How many operations a workload takes without a fault. */
export async function operationsOf(seed: number, commits: number, work?: Work): Promise<Operations> {
  const run = new Run({ seed, commits, work, fault: 'crash', at: Number.MAX_SAFE_INTEGER }, newTally());
  await run.run();
  return { all: run.disk.operations, last: run.lastStepAt, end: run.lastStepEnd };
}

class Run {
  readonly #case: Case;
  readonly #tally: Tally;
  readonly disk: SimDisk;
  /** Operations before the last step. */
  lastStepAt = 0;
  /** And after it. */
  lastStepEnd = 0;
  readonly #workload: Workload;
  readonly #host: SimHost;
  readonly #vault: Vault;
  readonly #backups = new Backups();
  readonly #limits: LimitModel;
  #engine: OpenEngine | null = null;
  #session: SessionApi | null = null;
  /** What runs when the fault strikes. */
  #work: Work | 'opening' | 'closing' = 'opening';
  /** Commits that were acknowledged. */
  #acknowledged = 0;
  /** Erasures that were acknowledged. */
  readonly #gone: Erasure[] = [];
  /** One commit more may be there: an error does not say whether it happened. */
  #isUncertain = false;
  /** The disk was full and is not any more. */
  #hasRoomAgain = false;
  #retries = 0;
  /** The file that the fault struck. */
  #struck = '';
  /**
   * The medium was used again after a flush of it had failed, without a restart of the machine: what it shows need not be
   * what it holds, and another power failure may leave a gap, which is refused.
   */
  #isDeceived = false;

  constructor(it: Case, tally: Tally) {
    this.#case = it;
    this.#tally = tally;
    this.disk = diskOf(it);
    this.#workload = workload(it.seed, it.commits, it.work);
    this.#limits = new LimitModel(this.#workload.worlds);
    this.#host = new SimHost(it.seed);
    // One workload in four is encrypted, and what changes keys is in any case.
    this.#vault = new Vault(this.disk, this.#host, it.work === 'rekey' || it.seed % 4 === 1);
  }

  async run(): Promise<boolean> {
    const { fault, at } = this.#case;
    this.disk.plan(fault === 'none' ? null : { kind: fault === 'kill' ? 'crash' : fault, at });
    this.disk.onStrike = () => this.#noteStrike();
    const isOpen = await this.#open();
    if (isOpen) for (const step of this.#workload.steps) if (!(await this.#step(step))) break;
    this.#work = 'closing';
    if (this.#engine !== null && !this.disk.down && this.disk.fired) await this.#glance();
    // Half of the runs that a fault did not end are closed, the others are cut off.
    if (this.#engine !== null && !this.disk.down && (at % 2 === 0 || (fault !== 'none' && !this.disk.fired)))
      await this.#close();
    if (!this.disk.fired && fault !== 'none') return false;
    this.#tally.cases++;
    this.#tally.faults.set(fault, (this.#tally.faults.get(fault) ?? 0) + 1);
    if (fault === 'kill' || fault === 'none' || (fault !== 'crash' && fault !== 'flush-lies' && at % 3 === 0)) {
      this.disk.processKill();
      this.#isDeceived ||= fault === 'flush-fails';
    } else this.disk.powerFailure();
    this.#struck = this.disk.struck;
    this.disk.plan(null);
    this.disk.lift();
    await this.#verify();
    return true;
  }

  #noteStrike(): void {
    const cell = `${this.#work}/${this.#case.fault}`;
    this.#tally.met.set(cell, (this.#tally.met.get(cell) ?? 0) + 1);
  }

  async #open(): Promise<boolean> {
    this.#isDeceived ||= this.#case.fault === 'flush-fails' && this.disk.fired;
    try {
      this.#engine = await this.#vault.open();
      this.#session = this.#engine.session();
      return true;
    } catch (error) {
      this.#engine = null;
      this.#refuseUnexpected(error);
      // The fault struck the opening: it may be tried again, unless the machine is down.
      if (this.disk.down || this.#wasRefusedForGood(error) || this.#retries++ > 0) return false;
      this.disk.lift();
      return this.#open();
    }
  }

  /** An altered byte is there at the next opening, too. */
  #wasRefusedForGood(error: unknown): boolean {
    if (this.#isOfKeys(error)) return this.#case.fault === 'bit-flip';
    return DAMAGING.has(this.#case.fault) && (error as { code?: string }).code === 'XX001';
  }

  async #close(): Promise<void> {
    try {
      await this.#takeEngine()?.close();
    } catch (error) {
      this.#refuseUnexpected(error);
    }
  }

  /** Altered keys open nothing: they cannot be told from another database's. */
  #isOfKeys(error: unknown): boolean {
    const isOfReading = this.#case.fault === 'bit-flip' || this.#case.fault === 'misdirected-read';
    return this.#vault.isEncrypted && isOfReading && (error as { code?: string }).code === '28P01';
  }

  #takeEngine(): OpenEngine | null {
    const engine = this.#engine;
    this.#engine = null;
    return engine;
  }

  /** Runs a step; false when the run ends here. */
  async #step(step: Step): Promise<boolean> {
    this.#work = step.work;
    if (!this.disk.fired) this.lastStepAt = this.disk.operations;
    try {
      await this.#carryOut(step);
    } catch (error) {
      this.#refuseUnexpected(error);
      if (this.disk.down) {
        this.#isUncertain ||= step.kind === 'commit';
        return false;
      }
      return this.#afterError(step, error);
    }
    this.lastStepEnd = this.disk.operations;
    this.#host.elapse(5);
    return this.#engine !== null;
  }

  async #carryOut(step: Step): Promise<void> {
    switch (step.kind) {
      case 'commit':
        await this.#script(step.sql);
        this.#acknowledged++;
        if (step.erasure !== undefined) this.#gone.push(step.erasure);
        this.#refuseOtherCommits(step.sql);
        return;
      case 'nothing': {
        const code = await this.#script(step.sql).then(
          () => null,
          (error: unknown) => {
            if ((error as { code?: string }).code !== step.refused) throw error;
            return step.refused;
          },
        );
        if (step.refused !== code) throw new Error(`${step.sql}: ended with ${String(code)}`);
        this.#refuseOtherCommits(step.sql);
        return;
      }
      case 'forget': {
        this.#limits.mayForget(step.table, step.before, this.#acknowledged);
        await this.#script(step.sql);
        this.#limits.hasForgotten(step.table, step.before, this.#acknowledged);
        return;
      }
      case 'checkpoint':
        await this.#engine?.checkpoint();
        return;
      case 'backup':
        if (this.#engine !== null)
          await this.#backups.make(this.#engine, step.incremental, this.#limits.all(this.#acknowledged));
        return;
      case 'rekey':
        if (this.#engine !== null && this.#vault.isEncrypted)
          await this.#vault.changeKeys(async (keys) => {
            if (this.#engine !== null) await rekey(await this.#engine.inside(), keys);
          }, step.dataKeys);
        return;
      case 'reopen':
        await this.#noteBackground();
        await this.#takeEngine()?.close();
        this.#work = 'reopen';
        await this.#open();
    }
  }

  /** A statement makes the commits that the model knows of, and no other. */
  #refuseOtherCommits(sql: string): void {
    const found = this.#engine?.status().lastSeq ?? 0;
    if (found !== this.#acknowledged)
      throw new Error(`${sql}: ${found} commits are there, the model has ${this.#acknowledged}`);
  }

  async #noteBackground(): Promise<void> {
    const rows = await this.#session?.execute("SELECT DISTINCT kind FROM drift.maintenance WHERE state = 'done'", [], {
      text: true,
    });
    for (const [kind] of rows === undefined ? [] : textRows(rows)) this.#tally.background.add(kind as string);
  }

  async #script(sql: string): Promise<void> {
    try {
      await this.#session?.script(sql);
    } catch (error) {
      if (this.#session?.inTransaction === true) await this.#session.rollback();
      throw error;
    }
  }

  /** The database goes on after an error; false when the run ends here. */
  async #afterError(step: Step, error: unknown): Promise<boolean> {
    const { fault } = this.#case;
    const { code } = error as { code?: string };
    // An erasure is a commit first; what is left of it goes on by itself.
    if (step.kind === 'commit' && step.erasure !== undefined && this.#engine?.status().lastSeq === step.erasure.seq) {
      this.#acknowledged = step.erasure.seq;
      return fault === 'quota' ? this.#liftAfterErasing() : false;
    }
    if (fault === 'quota') {
      if (code !== '53100' || this.#hasRoomAgain) throw error;
      await this.#glance();
      this.disk.lift();
      this.#hasRoomAgain = true;
      // What failed has left nothing, and goes now that there is room.
      return step.kind === 'reopen' ? this.#open() : this.#step(step);
    }
    if (step.kind === 'reopen') return this.#open();
    if (step.kind !== 'commit') return true;
    // Reading for a change may fail where the log is sound; otherwise it is the log that failed.
    const isOfLog = (error as { message: string }).message.includes('stopped taking writes');
    if (!isOfLog) return TRANSIENT.has(fault) && this.#retries++ === 0 ? this.#step(step) : false;
    this.#isUncertain = true;
    await this.#refusesChanges(step);
    return false;
  }

  async #liftAfterErasing(): Promise<boolean> {
    await this.#glance();
    this.disk.lift();
    this.#hasRoomAgain = true;
    return true;
  }

  /** A database whose log has failed refuses every change, and says so. */
  async #refusesChanges(step: Step & { readonly kind: 'commit' }): Promise<void> {
    const error = await this.#script(step.sql).then(
      () => null,
      (reason: unknown) => reason as { code?: string; message?: string },
    );
    if (error === null || error.code !== '58030' || error.message?.includes('stopped taking writes') !== true)
      throw new Error(`a change after the log has failed: ${error?.message ?? 'accepted'}`);
  }

  /** An opened database still answers right, or refuses, after a fault. */
  async #glance(): Promise<void> {
    if (this.#engine === null) return;
    const last = this.#engine.status().lastSeq;
    if (last !== this.#acknowledged)
      throw new Error(`${last} commits are visible, ${this.#acknowledged} were acknowledged`);
    const mayRefuse = this.#case.fault !== 'quota';
    const options = { stride: 1, mayRefuse, limits: this.#limits.all(last) };
    await new Oracle(this.#engine, this.#worldsAt(last), options).glance();
  }

  /** The worlds as a database with so many commits shows them. */
  #worldsAt(last: number): readonly World[] {
    const { worlds, erasures } = this.#workload;
    return erased(
      worlds,
      erasures.filter(({ seq }) => seq <= last),
    );
  }

  /** Only what the fault explains may be thrown. */
  #refuseUnexpected(error: unknown): void {
    if (this.disk.down) {
      // The session makes an internal error of what it does not know, and the log a failure of its own.
      const { code, message } = error as { code?: string; message?: string };
      if (error instanceof SimCrash || code === '58030') return;
      if (code === 'XX000' && /crash during|machine is down|opening of the disk is over/.test(message ?? '')) return;
      throw error;
    }
    if (!this.disk.fired) throw error;
    if (!this.#isOfKeys(error)) isRefusal(error);
  }

  async #verify(): Promise<void> {
    const { fault } = this.#case;
    const mayRefuse = DAMAGING.has(fault) || this.#isDeceived;
    if (!mayRefuse && !this.#vault.isEncrypted) refuseErased(this.disk, this.#gone, this.#workload.worlds);
    if (mayRefuse) this.#vault.forgetChanges();
    let last = this.#acknowledged;
    // Opened twice: an opening must leave a database as sound as it was.
    for (const stride of [1, 4]) {
      let engine: OpenEngine;
      try {
        engine = await this.#vault.open();
      } catch (error) {
        if (!mayRefuse) throw error;
        if (!this.#isOfKeys(error)) isRefusal(error);
        this.#tally.refused++;
        return;
      }
      this.#tally.openings++;
      const found = engine.status().lastSeq;
      this.#refuseLoss(found, last, stride === 1);
      if (!mayRefuse) await this.#finishErasing(engine, found);
      // A medium that lies may have lost what was forgotten, too.
      const limits = this.#limits.all(found, mayRefuse);
      const oracle = new Oracle(engine, this.#worldsAt(found), { stride, mayRefuse, limits });
      const findings = await oracle.compare();
      this.#tally.states += findings.states;
      this.#tally.refused += findings.refused;
      last = found;
      if (stride === 1) last = await this.#goOn(engine, found, mayRefuse);
      if (this.#case.at % 2 === 0) {
        // And it may be the machine's turn now.
        this.disk.powerFailure();
        continue;
      }
      try {
        await engine.close();
      } catch (error) {
        if (!mayRefuse) throw error;
        isRefusal(error);
      }
    }
    // What a backup holds has nothing to do with what happened to the medium since.
    if (this.#case.at % 5 === 0) await this.#verifyBackup();
  }

  /** What a crash has cut off goes on by itself; then no file has what any commit that is there has erased. */
  async #finishErasing(engine: OpenEngine, found: number): Promise<void> {
    const { worlds, erasures } = this.#workload;
    const recorded = erasures.filter(({ seq }) => seq <= found);
    if (recorded.length === 0) return;
    const session = engine.session();
    await untilErased(session, this.#host);
    await session.close();
    if (!this.#vault.isEncrypted) refuseErased(this.disk, recorded, worlds);
    this.#tally.erasures += recorded.length;
  }

  async #verifyBackup(): Promise<void> {
    const found = await this.#backups.restoreLast(this.#case.at);
    if (found === null) return;
    const { engine, limits } = found;
    const last = engine.status().lastSeq;
    const findings = await new Oracle(engine, this.#worldsAt(last), { stride: 3, mayRefuse: false, limits }).compare();
    this.#tally.states += findings.states;
    this.#tally.backups++;
    await engine.close();
  }

  #refuseLoss(found: number, expected: number, isFirst: boolean): void {
    const { fault } = this.#case;
    const most = expected + (isFirst && this.#isUncertain ? 1 : 0);
    const struck = this.#struck;
    // A bad bit in the last commit of the log looks like a commit that was cut off (docs/durability.md).
    const least =
      fault === 'flush-lies' || this.#isDeceived
        ? 0
        : fault === 'bit-flip' && struck.startsWith('log-')
          ? expected - 1
          : expected;
    if (found < least || found > most)
      throw new Error(`${found} commits are there, expected ${least} to ${most} (struck: ${struck})`);
  }

  /** A few commits more, on what was found. */
  async #goOn(engine: OpenEngine, found: number, mayRefuse: boolean): Promise<number> {
    const session = engine.session();
    const rest = this.#commitsAfter(found).slice(0, 3);
    let last = found;
    for (const sql of rest) {
      try {
        await session.script(sql);
      } catch (error) {
        if (!mayRefuse) throw error;
        isRefusal(error);
        break;
      }
      last++;
    }
    await session.close();
    return last;
  }

  #commitsAfter(seq: number): string[] {
    return this.#workload.steps.flatMap((step) => (step.kind === 'commit' ? [step.sql] : [])).slice(seq);
  }
}
