// Third-party parts of the pages, from node_modules to build/vendor/, where Django's static finders see them as /static/vendor/.
// JsSIP is CommonJS with a dozen parts: one esbuild run makes an ES module of it. The others are used as they are.
import { build } from "esbuild";
import { cp, mkdir, rename, rm } from "node:fs/promises";

const made = "build/vendor";
const fresh = `${made}.${process.pid}`;
await rm(fresh, { recursive: true, force: true });
await mkdir(`${fresh}/fonts`, { recursive: true });
await build({
  stdin: { contents: 'export { default } from "jssip";', resolveDir: process.cwd() },
  bundle: true,
  format: "esm",
  minify: true,
  legalComments: "eof",
  target: "es2022",
  define: { global: "globalThis" },
  outfile: `${fresh}/jssip.js`,
});
await build({
  // of the icons' font only the format that every browser of ours reads
  entryPoints: ["node_modules/@tabler/icons-webfont/dist/tabler-icons.css"],
  bundle: true,
  minify: true,
  loader: { ".woff2": "copy", ".woff": "empty", ".ttf": "empty" },
  assetNames: "fonts/[name]",
  outfile: `${fresh}/tabler-icons.css`,
});
await cp("node_modules/@tabler/core/dist/css/tabler.min.css", `${fresh}/tabler.css`);
await cp("node_modules/htmx.org/dist/htmx.min.js", `${fresh}/htmx.js`);
await rm(made, { recursive: true, force: true });
await rename(fresh, made);
