// Which subjects and precisions a list of names means: a group, a subject, or one precision of a subject.
import { subjects } from './library.mjs';

export const groups = [...new Set(subjects.map(({ group }) => group))];

/** { subject, precisions } for every subject named, in order; throws an Error that names what is unknown. */
export function select(names) {
  const chosen = new Map();
  for (const name of names) {
    const [subjectName, precision] = name.split('/');
    const meant = subjects.filter((subject) => subject.name === subjectName || subject.group === name)
      .filter((subject) => precision === undefined || precision in subject.precisions);
    if (meant.length === 0) {
      throw new Error(`there is no model '${name}'; groups are ${groups.join(', ')}, and --list prints all models`);
    }
    for (const subject of meant) {
      const added = precision === undefined ? Object.keys(subject.precisions) : [precision];
      chosen.set(subject, [...new Set([...(chosen.get(subject) ?? []), ...added])]);
    }
  }
  return [...chosen].map(([subject, precisions]) => ({ subject, precisions }));
}
