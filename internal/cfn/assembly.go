package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// defaultRegion is the region of a template that is made for any region.
const defaultRegion = "eu-west-1"

// An assembly is the result of a synthesis in a folder: one stack's template and the assets it names.
// Source: the cloud assembly's schema, aws/aws-cdk, packages/@aws-cdk/cloud-assembly-schema.
type assembly struct {
	stack    string            // the stack's name
	region   string            // the region it is made for
	file     string            // name of the template's file, for error messages
	document document          // the template
	folders  map[string]string // absolute paths of asset folders, by the object key they are deployed under
}

// artifact is one entry of an assembly's manifest.
type artifact struct {
	Type        string
	Environment string // aws://<account>/<region>
	Properties  struct {
		StackName    string
		TemplateFile string
		File         string // of an asset manifest
	}
}

func readAssembly(dir string) (assembly, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return assembly{}, fmt.Errorf("finding the assembly: %w", err)
	}
	var manifest struct{ Artifacts map[string]artifact }
	if err := readJSON(filepath.Join(dir, "manifest.json"), &manifest); err != nil {
		return assembly{}, err
	}
	a := assembly{folders: map[string]string{}}
	for name, artifact := range manifest.Artifacts {
		switch artifact.Type {
		case "aws:cloudformation:stack":
			if a.stack != "" {
				return assembly{}, fmt.Errorf("the assembly in %s has more than one stack, the local run serves one", dir)
			}
			a.stack = artifact.Properties.StackName
			if a.stack == "" {
				a.stack = name
			}
			a.region = regionOf(artifact.Environment)
			a.file = artifact.Properties.TemplateFile
		case "cdk:asset-manifest":
			if err := a.addAssets(dir, artifact.Properties.File); err != nil {
				return assembly{}, err
			}
		}
	}
	if a.stack == "" {
		return assembly{}, fmt.Errorf("the assembly in %s has no stack", dir)
	}
	return a, readJSON(filepath.Join(dir, a.file), &a.document)
}

// addAssets reads an asset manifest, which says which folder becomes which object of the deployment's bucket.
func (a assembly) addAssets(dir, file string) error {
	var manifest struct {
		Files map[string]struct {
			Source       struct{ Path string }
			Destinations map[string]struct{ ObjectKey string }
		}
	}
	if err := readJSON(filepath.Join(dir, file), &manifest); err != nil {
		return err
	}
	for _, asset := range manifest.Files {
		path := asset.Source.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		for _, destination := range asset.Destinations {
			a.folders[destination.ObjectKey] = path
		}
	}
	return nil
}

func regionOf(environment string) string {
	region := environment[strings.LastIndex(environment, "/")+1:]
	if region == "" || region == "unknown-region" {
		return defaultRegion
	}
	return region
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s does not exist: synthesize the stack first", path)
	}
	if err != nil {
		return fmt.Errorf("reading the assembly: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// A document is a CloudFormation template. Its Parameters and Rules only concern the deployment (the version of the
// bootstrap resources), so they are not read.
type document struct {
	Resources map[string]resource
	Outputs   map[string]struct {
		Value     any
		Condition string
	}
}

// A resource is one entry of a template's Resources, as written: intrinsic functions are not resolved.
type resource struct {
	Type       string
	Condition  string
	Properties map[string]any
}
