/** Long workloads, crashed at random I/O operations (see crash.ts). */
import { range, testCrashes } from './crash.ts';

testCrashes({ seeds: range(221, 300), statements: 24, sampled: 50 });
