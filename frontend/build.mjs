// Builds the cards: `node build.mjs bundle OUT_FOLDER` what Home Assistant loads, `test` the tests for
// `node --test`, `dev` the page of dev/ for a browser without Home Assistant.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(fileURLToPath(import.meta.url));
const BUILT = join(ROOT, "build");
const BANNER = "// Built by script/build-cards from frontend/: edit the sources there.";
const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  charset: "utf8",
  target: "es2022",
  tsconfig: "tsconfig.json",
  logLevel: "warning",
};

async function buildBundle(folder) {
  const result = await build({
    ...COMMON,
    entryPoints: ["src/limber.ts"],
    outfile: join(folder, "limber.js"),
    format: "esm",
    minify: true,
    legalComments: "none",
    banner: { js: BANNER },
    metafile: true,
  });
  await writeFile(join(folder, "limber.js.LICENSE.txt"), await licences(result.metafile));
}

// The licences of everything in the bundle that comes from npm, which ask to be passed on with it.
async function licences(metafile) {
  const names = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) names.add(found[1]);
  }
  const texts = [];
  for (const name of [...names].sort()) {
    const folder = join(ROOT, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const text = await readFile(join(folder, "LICENSE"), "utf8");
    texts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

async function buildTests() {
  const names = (await readdir(join(ROOT, "test"))).filter((name) => name.endsWith(".test.ts"));
  await rm(join(BUILT, "test"), { recursive: true, force: true });
  await build({
    ...COMMON,
    entryPoints: names.map((name) => join("test", name)),
    outdir: join(BUILT, "test"),
    format: "esm",
    platform: "node",
    sourcemap: "inline",
  });
}

async function buildPage() {
  // Not a module: a page opened from a file may not load modules.
  await build({
    ...COMMON,
    entryPoints: ["dev/page.ts"],
    outfile: join(BUILT, "dev/page.js"),
    format: "iife",
    sourcemap: "inline",
  });
  await mkdir(join(BUILT, "dev"), { recursive: true });
  await copyFile(join(ROOT, "dev/index.html"), join(BUILT, "dev/index.html"));
}

const [task, folder] = process.argv.slice(2);
switch (task) {
  case "bundle":
    if (folder === undefined) throw new Error("usage: node build.mjs bundle OUT_FOLDER");
    await buildBundle(resolve(folder));
    break;
  case "test":
    await buildTests();
    break;
  case "dev":
    await buildPage();
    break;
  default:
    throw new Error("usage: node build.mjs bundle OUT_FOLDER | test | dev");
}
