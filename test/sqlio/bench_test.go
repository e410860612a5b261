package sqlio_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/ecomctl/ecomctl/internal/frame"
	"github.com/ecomctl/ecomctl/internal/sink"
	sinktable "github.com/ecomctl/ecomctl/internal/sink/sqltable"
	"github.com/ecomctl/ecomctl/internal/source"
	"github.com/ecomctl/ecomctl/internal/source/sqltable"
	"github.com/ecomctl/ecomctl/test/mariadb"
)

const benchRows = 1_000_000

// BenchmarkRead reads seven columns of a table: in ranges over several connections, over one, and with a bare loop of
// database/sql over the same rows.
func BenchmarkRead(b *testing.B) {
	s := mariadb.Start(b)
	url := secret(s.Database("bench"), s.Port) + "?table=t"
	db := connect(b, url)
	run(b, db, "CREATE TABLE t (id INT PRIMARY KEY, order_id BIGINT, order_ts DATETIME(6), customer_id BIGINT, product VARCHAR(40), quantity INT, unit_price DOUBLE, region VARCHAR(40))",
		"INSERT INTO t SELECT seq, seq DIV 3, '2024-01-01' + INTERVAL seq * 31 SECOND, seq * 7919 % 50000, CONCAT('product ', seq % 2000), seq % 5 + 1, seq % 10000 / 7, CONCAT('region ', seq % 27) FROM seq_1_to_1000000")
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			rows, err := db.Query("SELECT order_id, order_ts, customer_id, product, quantity, unit_price, region FROM t")
			if err != nil {
				b.Fatal(err)
			}
			var id, customer, quantity int64
			var ts, product, region sql.RawBytes
			var price float64
			n := 0
			for rows.Next() {
				if err := rows.Scan(&id, &ts, &customer, &product, &quantity, &price, &region); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if err := rows.Err(); err != nil || n != benchRows {
				b.Fatal(n, err)
			}
		}
		b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	for name, conns := range map[string]int{"one connection": 1, "ranges": 3} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d, err := sqltable.Open(context.Background(), url, sqltable.Options{Conns: conns})
				if err != nil {
					b.Fatal(err)
				}
				readAll(b, d, conns)
				d.Close()
			}
			b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("write", func(b *testing.B) {
		d, err := sqltable.Open(context.Background(), url, sqltable.Options{Conns: 1})
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		for b.Loop() {
			_, err := sinktable.Write(context.Background(), secret(s.Parse(url), s.Port)+"?table=copy", d.Schema(), sinktable.Options{}, func(w sink.Writer) error {
				for _, sp := range d.Splits() {
					if err := each(sp, 8, w.Write); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(benchRows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// each gives the batches of a split.
func each(sp source.Split, cols int, fn func(*frame.Batch) error) error {
	want := make([]source.Want, cols)
	for i := range want {
		want[i].Col = i
	}
	if cols == 7 { // all but the key
		for i := range want {
			want[i].Col = i + 1
		}
	}
	r, err := sp.Open(context.Background(), want)
	if err != nil {
		return err
	}
	defer r.Close()
	var batch frame.Batch
	for {
		if err := r.Next(&batch); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := fn(&batch); err != nil {
			return err
		}
	}
}

func readAll(b *testing.B, d source.Dataset, workers int) {
	next := make(chan source.Split)
	var wg sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for range workers {
		wg.Go(func() {
			for sp := range next {
				err := each(sp, 7, func(batch *frame.Batch) error {
					mu.Lock()
					n += batch.N
					mu.Unlock()
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, sp := range d.Splits() {
		next <- sp
	}
	close(next)
	wg.Wait()
	if n != benchRows {
		b.Fatal(n)
	}
}
