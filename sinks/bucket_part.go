package sinks

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"time"

	"gocloud.dev/blob"

	"github.com/perennial-clv/perennial/pipeline"
	"github.com/perennial-clv/perennial/pipeline/cloud"
)

// partPrefix is where a run stages the parts of a table.
type partPrefix struct {
	ctx     context.Context
	objects *objects
	run     pipeline.RunKey
	table   string
	lease   *lease // nil: none
	part    *upload
	md5     []string // of the parts so far, in hex
}

// stagedPart returns where a run stages a part. The checksum of its content is
// not known when it is begun, so the name is a plain number.
func stagedPart(r pipeline.RunKey, table string, number int) string {
	return stagedKey(r.RunID, table, r.AsOf, fmt.Sprintf("part-%05d.parquet", number))
}

func (s *partPrefix) create(number int) (partOutput, error) {
	var err error
	s.part, err = s.objects.create(s.ctx, stagedPart(s.run, s.table, number))
	if err != nil {
		return nil, err
	}
	s.part.lease = s.lease
	return s.part, nil
}

// keep compares the size of what the store has; its checksum is compared where
// the part has its name, for only there every store has one.
func (s *partPrefix) keep(number int, f pipeline.File) error {
	key := stagedPart(s.run, s.table, number)
	found, err := s.objects.look(s.ctx, key)
	if err != nil {
		return err
	}
	if found == nil || found.bytes != f.Bytes {
		return s.lease.blamed(s.ctx, cutShort(s.objects.name(key)))
	}
	s.md5 = append(s.md5, hex.EncodeToString(s.part.md5.Sum(nil)))
	if s.lease == nil {
		return nil
	}
	return s.lease.renew(s.ctx, found.at)
}

func cutShort(place string) error {
	return pipeline.Errorf(pipeline.ClassTemporary, place, "run again", "is not in the store as it was written")
}

// place copies a staged part to the path of f, compares what is then there with
// what was written, and returns when the store wrote it.
func (o *objects) place(ctx context.Context, staged string, f pipeline.File, md5 string) (time.Time, error) {
	if err := o.copy(ctx, f.Path, staged); err != nil {
		return time.Time{}, err
	}
	found, err := o.look(ctx, f.Path)
	if err != nil {
		return time.Time{}, err
	}
	if found == nil {
		return time.Time{}, cutShort(o.name(f.Path))
	}
	what, err := o.differs(ctx, *found, f, md5)
	if err == nil && what != "" {
		err = cutShort(o.name(f.Path))
	}
	return found.at, err
}

// What an upload holds in memory: pieces of uploadPiece bytes, of which
// uploadsAtOnce are under way while the next is filled. S3 takes no piece under
// 5 MiB and at most 10,000 of them.
const (
	uploadPiece   = 8 << 20
	uploadsAtOnce = 2
)

// create begins an upload. The object is there when it is finished, not before.
func (o *objects) create(ctx context.Context, key string) (*upload, error) {
	u := &upload{objects: o, key: key, caller: ctx, limit: partTime, md5: md5.New()}
	u.ctx, u.cancel = context.WithCancelCause(ctx)
	err := u.step("create", func() (err error) {
		// If there is none: then the client may repeat a request by itself.
		u.w, err = o.bucket.NewWriter(u.ctx, o.key(key), &blob.WriterOptions{
			ContentType: parquetType, IfNotExist: true, BufferSize: uploadPiece, MaxConcurrency: uploadsAtOnce,
		})
		return err
	})
	if err != nil {
		err = u.failure(err)
		u.abandon()
		return nil, err
	}
	return u, nil
}

// upload is an object being written, in pieces as it comes.
type upload struct {
	objects *objects
	key     string
	lease   *lease          // nil: none
	caller  context.Context // of who writes
	ctx     context.Context // of the requests
	cancel  context.CancelCauseFunc
	limit   time.Duration // how long one step may take
	w       *blob.Writer
	md5     hash.Hash
	bytes   int64
}

// step does one step of the upload. The store's clients wait for an answer
// without end: after its limit the upload is given up.
func (u *upload) step(call string, do func() error) error {
	timer := time.AfterFunc(u.limit, func() {
		u.cancel(fmt.Errorf("no answer within %s: %w", u.limit, os.ErrDeadlineExceeded))
	})
	defer timer.Stop()
	return u.objects.step(call, u.key, do)
}

// Write writes p.
func (u *upload) Write(p []byte) (n int, err error) {
	err = u.step("write", func() (err error) {
		n, err = u.w.Write(p)
		return err
	})
	u.md5.Write(p[:n])
	u.bytes += int64(n)
	return n, u.failure(err)
}

// finish makes the object be there. If the answer was lost, what is there tells:
// the client's own second attempt finds the object, or the upload of its pieces
// gone. Nobody else writes there, and the checksum is compared where the part has
// its name.
func (u *upload) finish() error {
	defer u.cancel(context.Canceled)
	err := u.step("finish", u.w.Close)
	switch cloud.KindOf(u.why(err)) {
	case cloud.Unavailable, cloud.Exists, cloud.Missing:
		found, lookErr := u.objects.look(u.caller, u.key)
		if lookErr == nil && found != nil && found.bytes == u.bytes {
			return nil
		}
	}
	return u.failure(err)
}

// failure is the error of an upload. Who has taken the date over gives up what
// was begun: then that is why.
func (u *upload) failure(err error) error {
	err = u.objects.classed(u.key, u.why(err))
	if cloud.KindOf(err) == cloud.Missing {
		return u.lease.blamed(u.caller, err)
	}
	return err
}

// why returns the end of the requests' context, if err comes of that.
func (u *upload) why(err error) error {
	if cause := context.Cause(u.ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// abandon gives the upload up: with its context ended, closing leaves no object.
func (u *upload) abandon() {
	u.cancel(context.Canceled)
	if u.w != nil {
		u.w.Close()
	}
}
