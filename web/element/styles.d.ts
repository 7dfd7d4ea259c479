// Style sheets that scripts/build-web.mjs makes strings of.
declare module '*.css' {
  const text: string;
  export default text;
}
