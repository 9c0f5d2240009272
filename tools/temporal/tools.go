//go:build tools

// Package tools pins the Temporal CLI, whose main package is built from here.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
