// (soon)
import { InspectPanel } from './inspect.js';
import type { Place } from '../shell/lazy.js';
export function open({ engine }: Place): void { new InspectPanel(engine); }
