// The bench page: lets the driver (scripts/bench.mjs) call contest() from outside.
import { contest } from './contest.mjs';

globalThis.contest = contest;
