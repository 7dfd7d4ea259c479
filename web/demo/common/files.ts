// Files of a person's own: dropped on a place, or chosen.
// Invariant: the same file can be chosen twice.

export function takeFiles(zone: HTMLElement, input: HTMLInputElement, take: (files: File[]) => void): void {
  const leave = (): void => zone.classList.remove('over');
  input.addEventListener('change', () => {
    const files = [...input.files ?? []];
    if (files.length > 0) take(files);
    input.value = '';
  });
  zone.addEventListener('dragover', () => zone.classList.add('over'));
  zone.addEventListener('dragleave', (event) => { if (!zone.contains(event.relatedTarget as Node | null)) leave(); });
  zone.addEventListener('drop', (event) => {
    leave();
    const files = [...event.dataTransfer?.files ?? []];
    if (files.length > 0) take(files);
  });
}
