// Holds synthesized templates to the rules of cdk-preflight: constraints of AWS that no schema has, and that a deploy would fail
// of. Says what is wrong, and exits with 1, if something is. Its arguments are the templates' files.
import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Preflight } from 'cdk-preflight';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

// cdk validate has run, and says the same again.
process.env.CDK_VALIDATION = 'false';

const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
try {
  const app = new App({ outdir: folder });
  Preflight.apply(app);
  for (const templateFile of process.argv.slice(2)) {
    // The templates have this rule already.
    const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false });
    new CfnInclude(new Stack(app, basename(templateFile, '.template.json'), { synthesizer }), 'Template', { templateFile });
  }
  app.synth();
} catch (error) {
  // The CDK has printed the findings. Anything else is said here.
  if (error.name !== 'ValidationFailed') console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
