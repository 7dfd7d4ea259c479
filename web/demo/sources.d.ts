// The text of a module, as scripts/lib/demo-site.mjs puts it into a bundle.
declare module '*?source' {
  const text: string;
  export default text;
}
