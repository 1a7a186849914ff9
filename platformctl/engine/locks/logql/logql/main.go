// Package main judges LogQL as Loki does, by Loki's own parser: it reads a JSON object of expressions by name, and prints one of what is
// wrong with those that Loki refuses.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/loki/v3/pkg/logql/syntax"
)

// version is set by the linker.
var version = "0.0.0"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("logql", version)
		return
	}
	if err := judge(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge() error {
	var expressions map[string]string
	if err := json.NewDecoder(os.Stdin).Decode(&expressions); err != nil {
		return err
	}
	refused := map[string]string{}
	for name, expression := range expressions {
		if err := check(expression); err != nil {
			refused[name] = err.Error()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(refused)
}

// check parses an expression and prepares it to be run, which is when Loki looks at regular expressions.
func check(expression string) error {
	parsed, err := syntax.ParseExpr(expression)
	if err != nil {
		return err
	}
	switch prepared := parsed.(type) {
	case syntax.SampleExpr:
		_, err = prepared.Extractors()
	case syntax.LogSelectorExpr:
		_, err = prepared.Pipeline()
	}
	return err
}
