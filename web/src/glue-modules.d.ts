// The glue of a flavour as scripts/build-web.mjs puts it into a bundle.
declare module 'glue:*' {
  const factory: import('./parts.js').GlueFactory;
  export default factory;
}
