//go:build duckdb

package sources

import (
	"context"
	"io"
	"path/filepath"
	"strconv"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/perennial-clv/perennial/pipeline"
)

// duckInstance is DuckDB with a database. It is closed with the last of its
// connections.
type duckInstance struct {
	handle      duckdb.Database
	connections atomic.Int32
}

// duckSession is what every connection begins with: nothing is written to disk
// where memory does not suffice, and the machine's zone plays no part.
const duckSession = "SET temp_directory = ''; SET TimeZone = 'UTC'"

// openDuckInstance opens the database of o, or one in memory, and a first
// connection. Extensions are neither loaded nor fetched.
func openDuckInstance(ctx context.Context, o DuckDB, threads int) (*duckConnection, error) {
	settings := map[string]string{
		"memory_limit": o.Memory, "threads": strconv.Itoa(threads),
		"autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
	}
	if o.Path != "" {
		settings["access_mode"] = "READ_ONLY"
		if err := checkDuckDB(ctx, o.Path); err != nil {
			return nil, err
		}
	}
	var config duckdb.Config
	if duckdb.CreateConfig(&config) == duckdb.StateError {
		return nil, pipeline.Errorf(pipeline.ClassInternal, "", "", "DuckDB has no settings")
	}
	defer duckdb.DestroyConfig(&config)
	for name, value := range settings {
		if duckdb.SetConfig(config, name, value) == duckdb.StateError {
			return nil, pipeline.Errorf(pipeline.ClassUsage, "", "", "DuckDB refuses the setting %s = %s", name, value)
		}
	}
	instance, message := &duckInstance{}, ""
	if duckdb.OpenExt(o.Path, &instance.handle, config, &message) == duckdb.StateError {
		return nil, duckUnopened(o.Path, message)
	}
	c, err := instance.connect(ctx)
	if err != nil && instance.connections.Load() == 0 {
		duckdb.Close(&instance.handle)
	}
	return c, err
}

// checkDuckDB says what is wrong with the file of a database before DuckDB
// tries it.
func checkDuckDB(ctx context.Context, path string) error {
	files, err := listLocal(ctx, path, ".duckdb")
	if err == nil && files[0].path != filepath.Clean(path) {
		err = pipeline.Errorf(pipeline.ClassSource, path, "name one database", "a pattern is no database")
	}
	return err
}

// duckConnection is one conversation with an instance. One goroutine at a time
// uses it.
type duckConnection struct {
	instance *duckInstance
	handle   duckdb.Connection
}

func (i *duckInstance) connect(ctx context.Context) (*duckConnection, error) {
	c := &duckConnection{instance: i}
	if duckdb.Connect(i.handle, &c.handle) == duckdb.StateError {
		return nil, pipeline.Errorf(pipeline.ClassTemporary, "", "", "DuckDB takes no connection")
	}
	i.connections.Add(1)
	if err := c.execute(ctx, duckSession); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// close may be called twice.
func (c *duckConnection) close() {
	if c.handle.Ptr == nil {
		return
	}
	duckdb.Disconnect(&c.handle)
	if c.instance.connections.Add(-1) == 0 {
		duckdb.Close(&c.instance.handle)
	}
}

// during calls do, which DuckDB abandons soon after ctx ends. Then it returns
// the context's error, whatever do says.
func (c *duckConnection) during(ctx context.Context, do func() error) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		duckdb.Interrupt(c.handle)
		close(interrupted)
	})
	err := do()
	if !stop() {
		<-interrupted // the connection may be closed next
		return ctx.Err()
	}
	return err
}

// execute runs statements that return nothing. Unlike query, it tells what kind
// of error a statement has that does not fit the database.
func (c *duckConnection) execute(ctx context.Context, statements string) error {
	return c.during(ctx, func() error {
		var result duckdb.Result
		defer duckdb.DestroyResult(&result)
		if duckdb.Query(c.handle, statements, &result) == duckdb.StateError {
			return duckFailure(&result)
		}
		return nil
	})
}

// prepare returns a statement, which the caller destroys.
func (c *duckConnection) prepare(statement string) (prepared duckdb.PreparedStatement, err error) {
	if duckdb.Prepare(c.handle, statement, &prepared) == duckdb.StateError {
		duckdb.DestroyPrepare(&prepared)
		return prepared, pipeline.Errorf(pipeline.ClassSource, "", duckHidden, "DuckDB cannot prepare the statement")
	}
	return prepared, nil
}

// query begins to run a statement, whose rows come as they are made.
func (c *duckConnection) query(ctx context.Context, statement string) (*duckResult, error) {
	prepared, err := c.prepare(statement)
	if err != nil {
		return nil, err
	}
	defer duckdb.DestroyPrepare(&prepared)
	var pending duckdb.PendingResult
	defer duckdb.DestroyPending(&pending)
	// Called deprecated, but nothing else delivers rows as they are made: without
	// it DuckDB keeps all of them in memory.
	if duckdb.PendingPreparedStreaming(prepared, &pending) == duckdb.StateError {
		return nil, pipeline.Errorf(pipeline.ClassSource, "", duckHidden, "DuckDB cannot begin the statement")
	}
	// An interruption counts only from here on: DuckDB forgets one from before.
	result := &duckResult{}
	err = c.during(ctx, func() error {
		if duckdb.ExecutePending(pending, &result.handle) == duckdb.StateError {
			return duckFailure(&result.handle)
		}
		return nil
	})
	if err != nil {
		result.close()
		return nil, err
	}
	return result, nil
}

// duckResult is the rows of a statement.
type duckResult struct {
	handle  duckdb.Result
	isEnded bool // DuckDB takes it for an error to be asked once more
}

// next returns the next rows, which the caller destroys, or io.EOF.
func (r *duckResult) next() (chunk duckdb.DataChunk, err error) {
	for !r.isEnded {
		chunk = duckdb.FetchChunk(r.handle)
		switch {
		case chunk.Ptr == nil && duckdb.ResultErrorType(&r.handle) != duckdb.ErrorTypeInvalid:
			return chunk, duckFailure(&r.handle)
		case chunk.Ptr == nil:
			r.isEnded = true
		case duckdb.DataChunkGetSize(chunk) > 0:
			return chunk, nil
		}
		duckdb.DestroyDataChunk(&chunk)
	}
	return chunk, io.EOF
}

// close may be called twice.
func (r *duckResult) close() { duckdb.DestroyResult(&r.handle) }
