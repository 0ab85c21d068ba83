package main

import (
	"context"
	"time"
)

// measureSynth runs cdk synth with CDK's validation of templates off and on.
func measureSynth(ctx context.Context, bench *workbench) ([]comparison, error) {
	a, b, err := inTurn(ctx, bench.times(5, 1), synth(ctx, bench, validationOff), synth(ctx, bench, validationOn))
	if err != nil {
		return nil, err
	}
	return []comparison{{
		"cdk synth of a stage, everything built: time", duration,
		side{"CDK's own validation off", seconds(a), 3},
		side{"CDK's own validation on", seconds(b), 8},
		0,
	}}, nil
}

const (
	validationOff = "CDK_VALIDATION=false"
	validationOn  = "CDK_VALIDATION=true"
)

func synth(ctx context.Context, bench *workbench, validation string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		begin := time.Now()
		_, err := bench.synthesize(ctx, validation)
		return time.Since(begin), err
	}
}

// synthesize writes the assembly of stage "local", which every checkout has, to a new folder.
func (b *workbench) synthesize(ctx context.Context, validation string) (assembly string, err error) {
	if assembly, err = b.folder("assembly"); err != nil {
		return "", err
	}
	err = b.run(ctx, []string{validation}, "npx", "cdk", "synth", "--quiet", "-c", "stage=local", "--output", assembly)
	return assembly, err
}

// localAssembly is one assembly for all measurements of the local run.
func (b *workbench) localAssembly(ctx context.Context) (string, error) {
	if b.assembly != "" {
		return b.assembly, nil
	}
	assembly, err := b.synthesize(ctx, validationOff)
	if err == nil {
		b.assembly = assembly
	}
	return assembly, err
}
