// Parts of a strict reader of JSON: what a misspelt name or a value of another kind would let through is refused by its path.
// Invariant: nothing that is not asked for is passed over.
import { isBetween } from '../../between.js';
import { shown } from '../../shown.js';

/** Refuses what is at a path. */
export type Refuse = (path: string, what: string) => never;
/** Looks at a value, which is at a path. */
export type Member = (value: unknown, path: string) => void;

export class Strict {
  readonly refuse: Refuse;

  constructor(refuse: Refuse) {
    this.refuse = refuse;
  }

  readonly boolean: Member = (value, path) => {
    if (typeof value !== 'boolean') this.refuse(path, `is ${shown(value)}, not true or false`);
  };

  readonly text: Member = (value, path) => {
    if (typeof value !== 'string' || value === '') this.refuse(path, `is ${shown(value)}, not a string`);
  };

  number(least: number, most: number, says: string): Member {
    return (value, path) => {
      if (!isBetween(value, least, most)) this.refuse(path, `is ${shown(value)}, not ${says}`);
    };
  }

  whole(least: number, most?: number): Member {
    return (value, path) => {
      if (Number.isSafeInteger(value) && isBetween(value, least, most ?? Infinity)) return;
      this.refuse(path, `is ${shown(value)}, not a whole number from ${least}${most === undefined ? '' : ` to ${most}`}`);
    };
  }

  list(member: Member): Member {
    return (value, path) => {
      if (!Array.isArray(value) || value.length === 0) return this.refuse(path, `is ${shown(value)}, not an array of one or more`);
      value.forEach((one, i) => member(one, `${path}[${i}]`));
    };
  }

  /** `members` by name, or what a name may hold. `empty`: whether an object without any says something. */
  object(members: Record<string, Member> | ((name: string, path: string) => Member), { needed = [] as readonly string[], empty = false } = {}): Member {
    return (value, path) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.refuse(path, `is ${shown(value)}, not an object`);
      const below = (name: string) => (path === '' ? name : `${path}.${name}`), names = Object.keys(value);
      for (const name of names) {
        const at = below(name);
        const known = typeof members === 'function' ? members(name, at) : Object.hasOwn(members, name) ? members[name] : undefined;
        (known ?? this.refuse(at, `is not known; known are ${Object.keys(members).join(', ')}`))((value as Record<string, unknown>)[name], at);
      }
      for (const name of needed) if (!names.includes(name)) this.refuse(below(name), 'is missing');
      if (names.length === 0 && !empty) this.refuse(path, 'is empty: it asks for nothing');
    };
  }
}
