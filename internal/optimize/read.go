package optimize

import (
	"context"
	"io"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/vfs"
)

// wants asks for columns of a dataset; nil is all.
func wants(d source.Dataset, cols []int) (out []source.Want) {
	if cols == nil {
		for i := range d.Schema().NumFields() {
			out = append(out, source.Want{Col: i})
		}
		return out
	}
	for _, c := range cols {
		out = append(out, source.Want{Col: c})
	}
	return out
}

// scan gives every batch of a dataset in order.
func scan(ctx context.Context, d source.Dataset, cols []int, visit func(*frame.Batch) error) error {
	var b frame.Batch
	for _, sp := range d.Splits() {
		r, err := sp.Open(ctx, wants(d, cols))
		if err != nil {
			return err
		}
		for err == nil {
			if err = r.Next(&b); err == nil {
				err = visit(&b)
			}
		}
		r.Close()
		if err != io.EOF {
			return err
		}
	}
	return nil
}

// scanFiles gives every batch of files in order.
func (r *run) scanFiles(ctx context.Context, files []vfs.Info, cols []int, visit func(*frame.Batch) error) error {
	for _, i := range files {
		ds, err := r.open(ctx, i)
		if err != nil {
			return err
		}
		err = scan(ctx, ds, cols, visit)
		ds.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// inOrder reads the columns that order a folder's rows.
func (r *run) inOrder(ctx context.Context, f *folder) (bool, error) {
	by := make([]int, len(f.sort))
	for i := range by {
		by[i] = i
	}
	ok := true
	var last frame.Batch
	err := r.scanFiles(ctx, f.files, f.sort, func(b *frame.Batch) error {
		if b.N == 0 {
			return nil
		}
		if last.N > 0 && compare(&last, last.N-1, b, 0, by) > 0 {
			ok = false
		}
		for i := 1; ok && i < b.N; i++ {
			ok = compare(b, i-1, b, i, by) <= 0
		}
		if !ok {
			return io.EOF // enough is known
		}
		last.CopyFrom(b)
		return nil
	})
	return ok, err
}
