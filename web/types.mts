// The types of the client module, in one file: those of its sources, joined, of which the module's own names are exported.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";

const web = import.meta.dirname;
const compiler = join(web, "../node_modules/typescript/bin/tsc");

// In the order of their imports.
const sources = ["errors", "crc64", "api", "plan", "sums", "store", "multipart", "postern"];

/** types returns the content of postern.d.ts. */
export function types(): string {
  const declared = mkdtempSync(join(tmpdir(), "postern-types-"));
  try {
    execFileSync(process.execPath, [compiler, "-p", join(web, "tsconfig.json"), "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", web, "--outDir", declared], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    const folder = join(declared, "client");
    const exported = exportsOf(join(folder, "postern.d.ts"));
    const joined = sources
      .map((name) => readFileSync(join(folder, `${name}.d.ts`), "utf8"))
      .join("\n")
      .replace(/^(import|export) (type )?\{[^}]*\} from .*;$/gm, "")
      .replace(/^export (?=(?:declare )?(?:abstract )?(?:function|const|class|interface|type) (\w+))/gm, (keyword, name) => (exported.includes(name) ? keyword : ""));
    return joined + "export {}; // what has no export above is not exported\n";
  } finally {
    rmSync(declared, { recursive: true });
  }
}

/** exportsOf returns the names that a module exports: its values and types, or its values alone. */
export function exportsOf(file: string, what: ts.SymbolFlags = ts.SymbolFlags.Value | ts.SymbolFlags.Type): string[] {
  const program = ts.createProgram([file], { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, allowImportingTsExtensions: true, noEmit: true, noLib: true });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  const origin = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  return exported.filter((symbol) => origin(symbol).flags & what).map((symbol) => symbol.name);
}
