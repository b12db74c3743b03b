package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/perennial-clv/perennial/transforms/models"
)

// peer is lifetimes in a virtual environment of its own.
type peer struct {
	dir, python string
}

// newPeer installs lifetimes below dir, once.
func newPeer(ctx context.Context, dir string) (*peer, error) {
	environment, err := filepath.Abs(filepath.Join(dir, "lifetimes"))
	if err != nil {
		return nil, err
	}
	p := &peer{dir: environment, python: filepath.Join(environment, "bin", "python")}
	if exec.CommandContext(ctx, p.python, "-c", "import lifetimes").Run() == nil {
		return p, nil
	}
	for _, command := range [][]string{
		{cmp.Or(os.Getenv("PYTHON"), "python3"), "-m", "venv", environment},
		{p.python, "-m", "pip", "install", "--quiet", "-r", ".ci/peers/requirements.txt"},
	} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", command, err, out)
		}
	}
	return p, nil
}

// peerFit is what lifetimes_fit.py prints.
type peerFit struct {
	Seconds    float64
	Parameters map[string]float64
}

// model returns the fitted model.
func (f peerFit) model(family models.Family) models.Past {
	p := f.Parameters
	if family == models.ParetoNBD {
		return models.Pareto{R: p["r"], Alpha: p["alpha"], S: p["s"], Beta: p["beta"]}
	}
	return models.Geometric{Family: family, R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
}

// fit has lifetimes fit a family to cells, with their customers as weights.
func (p *peer) fit(ctx context.Context, family models.Family, cells []models.Cell) (f peerFit, err error) {
	file := filepath.Join(p.dir, string(family)+".csv")
	if err := writeCells(file, cells); err != nil {
		return f, err
	}
	command := exec.CommandContext(ctx, p.python, ".ci/peers/lifetimes_fit.py", string(family), file)
	command.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		return f, fmt.Errorf("lifetimes: %w\n%s", err, problems.String())
	}
	return f, json.Unmarshal(out, &f)
}

// writeCells writes cells as CSV, in weeks.
func writeCells(path string, cells []models.Cell) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "x,tx,T,customers")
	for _, c := range cells {
		fmt.Fprintf(w, "%d,%.17g,%.17g,%d\n", c.X, float64(c.Tx)/7, float64(c.T)/7, c.Count)
	}
	return cmp.Or(w.Flush(), file.Close())
}
