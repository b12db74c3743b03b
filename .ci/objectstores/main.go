// Command objectstores serves an empty Google Cloud Storage and an empty S3, both
// in memory, on free ports of this machine, for the tests of what reads and
// writes object stores. It is a module of its own: the libraries of the servers
// must not enter the project's.
//
// It prints one line, {"gcs":"http://127.0.0.1:…","s3":"http://127.0.0.1:…"}, as
// soon as both answer, and ends when its standard input does, so that it never
// outlives who started it. Nobody is authenticated.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "objectstores:", err)
		os.Exit(1)
	}
}

// run serves both until in ends.
func run(in io.Reader, out io.Writer) error {
	gcs, err := serve(newGCS)
	if err != nil {
		return err
	}
	s3, err := serve(func(string) (http.Handler, error) { return gofakes3.New(s3mem.New()).Server(), nil })
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(map[string]string{"gcs": gcs, "s3": s3}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// newGCS returns the server of Google Cloud Storage at a host and port, which it
// must know for the paths of its XML interface.
func newGCS(host string) (http.Handler, error) {
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, PublicHost: host, ExternalURL: "http://" + host})
	if err != nil {
		return nil, err
	}
	return server.HTTPHandler(), nil
}

// serve serves what build returns for a free port, and returns its address.
func serve(build func(host string) (http.Handler, error)) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	host := listener.Addr().String()
	handler, err := build(host)
	if err != nil {
		return "", err
	}
	go func() { fmt.Fprintln(os.Stderr, "objectstores:", http.Serve(listener, handler)) }()
	return "http://" + host, nil
}
